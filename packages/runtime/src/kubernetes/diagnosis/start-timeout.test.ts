import { expect, test } from 'vitest';
import type { PendingReason, WaitLimit } from './rejections.js';
import { StartTimeout } from './start-timeout.js';

const because = (waitLimit: WaitLimit, reason = 'Unschedulable'): PendingReason => ({
  reason,
  message: 'no node',
  remedy: 'Add one.',
  waitLimit,
});
const MINUTE = 60_000;

/** Looks every ten seconds until it is expired; after how long, or null within an hour. */
function givenUpAfter(
  startTimeout: StartTimeout,
  waiting: PendingReason,
  { busy = false } = {},
): number | null {
  for (let nowMs = 0; nowMs <= 60 * MINUTE; nowMs += 10_000)
    if (startTimeout.observe(waiting, nowMs, busy).expired !== null) return nowMs;
  return null;
}

test.each([
  ['none', 0],
  ['fatal', 10_000],
  ['grace', 5 * MINUTE],
  ['long', 30 * MINUTE],
  ['endless', null],
] as const)('VG3: a reason of limit %s - is given up after %s ms', (waitLimit, afterMs) => {
  expect(givenUpAfter(new StartTimeout(0), because(waitLimit))).toBe(afterMs);
});

test.each(['fatal', 'grace', 'long', 'endless'] as const)(
  'a limit of its own takes the place of %s',
  waitLimit => {
    expect(givenUpAfter(new StartTimeout(0, MINUTE), because(waitLimit))).toBe(MINUTE);
  },
);

test('what can never be is not waited for, limit or not', () => {
  expect(givenUpAfter(new StartTimeout(0, MINUTE), because('none'))).toBe(0);
});

test('VG1: a start or an end - begins the time anew', () => {
  const startTimeout = new StartTimeout(0, MINUTE);
  startTimeout.note('0', 0);
  expect(startTimeout.observe(because('long'), 59_000).expired).toBeNull();
  expect(startTimeout.note('1 has ended', 59_000)).toBe(true);
  expect(startTimeout.note('1 has ended', 60_000)).toBe(false);
  expect(startTimeout.observe(because('long'), 100_000)).toMatchObject({ expired: null, waitedMs: 41_000 });
  expect(startTimeout.observe(because('long'), 119_000).expired).not.toBeNull();
});

test('VG2: a reason that comes back - goes on from when it first came; another has a time of its own', () => {
  const startTimeout = new StartTimeout(0);
  expect(startTimeout.observe(because('grace', 'a'), 0).expired).toBeNull();
  expect(startTimeout.observe(because('grace', 'b'), 4 * MINUTE).expired).toBeNull();
  expect(startTimeout.observe(because('grace', 'a'), 5 * MINUTE).expired).toMatchObject({ reason: 'a' });
  expect(startTimeout.observe(because('grace', 'b'), 6 * MINUTE).expired).toBeNull();
});

test('VG4: a wait for others - has no limit while others of the run are at work', () => {
  expect(givenUpAfter(new StartTimeout(0), because('long'), { busy: true })).toBeNull();
  expect(givenUpAfter(new StartTimeout(0), because('grace'), { busy: true })).toBe(5 * MINUTE);
});

test('what is no trouble unless it lasts is told when it lasts', () => {
  const startTimeout = new StartTimeout(0);
  expect(startTimeout.observe(because('long', 'Pulling'), 2000).message).toBeNull();
  expect(startTimeout.observe(because('long', 'Pulling'), 9000).message).toBe('no node. Add one.');
  expect(startTimeout.observe(because('long'), 9000).message).toBe('no node. Add one.');
});

test('the first look comes after two seconds, the others ever more seldom', () => {
  const startTimeout = new StartTimeout(0);
  const looks: number[] = [];
  for (let nowMs = 0; nowMs < 10 * MINUTE; nowMs += 1000) {
    if (startTimeout.pauseMs(nowMs) > 0) continue;
    looks.push(nowMs);
    startTimeout.observe(because('long'), nowMs);
  }
  expect(looks.slice(0, 4)).toEqual([2000, 6000, 10_000, 14_000]);
  expect(looks.length).toBeLessThan(40);
  expect(looks.at(-1)! - looks.at(-2)!).toBe(30_000);
});
