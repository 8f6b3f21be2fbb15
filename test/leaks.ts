/** Fails a file of tests in which Node warned that listeners gather: users would read that in their logs. */
import { afterAll, expect } from 'vitest';

const place = globalThis as { ktLeaks?: string[] };
if (place.ktLeaks === undefined) {
  const leaks: string[] = (place.ktLeaks = []);
  process.on('warning', ({ name, stack }) => {
    if (name === 'MaxListenersExceededWarning') leaks.push(stack ?? name);
  });
}

afterAll(() => {
  expect(place.ktLeaks?.splice(0)).toEqual([]);
});
