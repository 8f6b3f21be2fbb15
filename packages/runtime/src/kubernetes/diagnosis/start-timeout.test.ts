import { expect, test } from 'vitest';
import type { Waiting, WaitPatience } from './rejections.js';
import { Vigil } from './start-timeout.js';

const because = (patience: WaitPatience, reason = 'Unschedulable'): Waiting => ({
  reason,
  message: 'no node',
  remedy: 'Add one.',
  patience,
});
const MINUTE = 60_000;

/** Looks every ten seconds until it is hopeless; after how long, or null within an hour. */
function givenUpAfter(vigil: Vigil, waiting: Waiting, { busy = false } = {}): number | null {
  for (let nowMs = 0; nowMs <= 60 * MINUTE; nowMs += 10_000)
    if (vigil.looked(waiting, nowMs, busy).hopeless !== null) return nowMs;
  return null;
}

test.each([
  ['none', 0],
  ['fatal', 10_000],
  ['grace', 5 * MINUTE],
  ['long', 30 * MINUTE],
  ['endless', null],
] as const)('patience %s: given up after %s ms', (patience, afterMs) => {
  expect(givenUpAfter(new Vigil(0), because(patience))).toBe(afterMs);
});

test.each(['fatal', 'grace', 'long', 'endless'] as const)(
  'a limit of its own takes the place of %s',
  patience => {
    expect(givenUpAfter(new Vigil(0, MINUTE), because(patience))).toBe(MINUTE);
  },
);

test('what can never be is not waited for, limit or not', () => {
  expect(givenUpAfter(new Vigil(0, MINUTE), because('none'))).toBe(0);
});

test('something that started or ended begins the time anew', () => {
  const vigil = new Vigil(0, MINUTE);
  vigil.note('0', 0);
  expect(vigil.looked(because('long'), 59_000).hopeless).toBeNull();
  expect(vigil.note('1 has ended', 59_000)).toBe(true);
  expect(vigil.note('1 has ended', 60_000)).toBe(false);
  expect(vigil.looked(because('long'), 100_000)).toMatchObject({ hopeless: null, waitedMs: 41_000 });
  expect(vigil.looked(because('long'), 119_000).hopeless).not.toBeNull();
});

test('a reason that comes back goes on from when it first came; another has a time of its own', () => {
  const vigil = new Vigil(0);
  expect(vigil.looked(because('grace', 'a'), 0).hopeless).toBeNull();
  expect(vigil.looked(because('grace', 'b'), 4 * MINUTE).hopeless).toBeNull();
  expect(vigil.looked(because('grace', 'a'), 5 * MINUTE).hopeless).toMatchObject({ reason: 'a' });
  expect(vigil.looked(because('grace', 'b'), 6 * MINUTE).hopeless).toBeNull();
});

test('nobody is given up for waiting his turn while others of the run are at work', () => {
  expect(givenUpAfter(new Vigil(0), because('long'), { busy: true })).toBeNull();
  expect(givenUpAfter(new Vigil(0), because('grace'), { busy: true })).toBe(5 * MINUTE);
});

test('what is no trouble unless it lasts is told when it lasts', () => {
  const vigil = new Vigil(0);
  expect(vigil.looked(because('long', 'Pulling'), 2000).message).toBeNull();
  expect(vigil.looked(because('long', 'Pulling'), 9000).message).toBe('no node. Add one.');
  expect(vigil.looked(because('long'), 9000).message).toBe('no node. Add one.');
});

test('the first look comes after two seconds, the others ever more seldom', () => {
  const vigil = new Vigil(0);
  const looks: number[] = [];
  for (let nowMs = 0; nowMs < 10 * MINUTE; nowMs += 1000) {
    if (vigil.pauseMs(nowMs) > 0) continue;
    looks.push(nowMs);
    vigil.looked(because('long'), nowMs);
  }
  expect(looks.slice(0, 4)).toEqual([2000, 6000, 10_000, 14_000]);
  expect(looks.length).toBeLessThan(40);
  expect(looks.at(-1)! - looks.at(-2)!).toBe(30_000);
});
