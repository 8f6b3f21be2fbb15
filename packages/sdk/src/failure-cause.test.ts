import { expect, test } from 'vitest';
import { RETRIED } from './failure-cause.js';

test('what is wrong with the code or its input is not retried, what may pass is', () => {
  const retried = Object.entries(RETRIED).flatMap(([kind, yes]) => (yes ? [kind] : []));
  expect(retried.sort()).toEqual(['DeadlineExceeded', 'Evicted', 'Exited', 'Lost', 'OutOfMemory', 'Threw']);
});
