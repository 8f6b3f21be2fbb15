import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from './system-clock.js';

test('how long something takes is told by a clock that nobody sets', () => {
  const { now } = Date;
  onTestFinished(() => void (Date.now = now));
  const beganMs = systemClock.elapsedMs();
  Date.now = () => now() + 3_600_000;
  expect(systemClock.nowMs() - now()).toBeGreaterThan(3_000_000);
  expect(systemClock.elapsedMs() - beganMs).toBeLessThan(3_000_000);
  Date.now = () => now() - 3_600_000;
  expect(systemClock.elapsedMs()).toBeGreaterThanOrEqual(beganMs);
});
