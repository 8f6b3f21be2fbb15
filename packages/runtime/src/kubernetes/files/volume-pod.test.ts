import { expect, test } from 'vitest';
import { FakeClock } from '../../../../../test/kit/fake-clock.js';
import { ALIVE_EVERY_MS, untilNobodyAsks } from './volume-pod.js';

test('VP3: a pod that nobody asks - ends after a minute; one that is asked now and then stays', async () => {
  const clock = new FakeClock(() => true);
  const beganMs = clock.nowMs();
  await untilNobodyAsks(async () => 0, clock);
  const minute = 4 * ALIVE_EVERY_MS;
  expect(clock.nowMs() - beganMs).toBe(minute);
  const askedMs = clock.elapsedMs();
  // Asked every quarter of a minute, for an hour.
  const heard = async (): Promise<number> =>
    Math.floor((Math.min(clock.elapsedMs(), askedMs + 3_600_000) - askedMs) / ALIVE_EVERY_MS);
  await untilNobodyAsks(heard, clock);
  expect(clock.nowMs() - askedMs).toBeGreaterThanOrEqual(3_600_000 + minute - ALIVE_EVERY_MS);
});
