import { expect, test } from 'vitest';
import { firstLanes, type LaneProgress, worthwhileLanes } from './lanes.js';

const START_MS = 1000;
/** Four pods that have done forty things in four seconds. */
const at = (more: Partial<LaneProgress>): LaneProgress => ({
  ...{ lanes: 4, ready: 4, unassigned: 100, done: 40, startMs: START_MS, workedMs: 4000, silentMs: 10 },
  ...more,
});

test.each<[string, Partial<LaneProgress>, number, number]>([
  ['what is left takes long', {}, 200, 8],
  ['no more than may be', {}, 6, 6],
  ['no more than there is to do', { unassigned: 3, silentMs: 4000 }, 200, 7],
  ['what is left takes less than two starts', { unassigned: 15 }, 200, 4],
  ['what is left takes long, unlike what was done', { unassigned: 15, silentMs: 600 }, 200, 8],
  ['nothing is left', { unassigned: 0 }, 200, 4],
  ['some that there are do not run', { ready: 3 }, 200, 4],
  ['some do not run, and each thing takes long', { ready: 3, silentMs: 20_000 }, 200, 103],
  ['those that will take the rest have not begun', { lanes: 9, unassigned: 5, silentMs: 20_000 }, 200, 9],
  ['nothing is done, after a moment', { done: 0, workedMs: 10 }, 200, 4],
  ['nothing is done for a while', { done: 0, workedMs: 500 }, 200, 8],
  ['fewer may be than there are', {}, 2, 4],
])('pods of a step: %s', (_, more, limit, lanes) => {
  expect(worthwhileLanes(at(more), limit)).toBe(lanes);
});

test('a step begins with few pods', () => {
  expect([1, 4, 200].map(limit => firstLanes(limit, null))).toEqual([1, 4, 4]);
  expect([1, 10, 200].map(said => firstLanes(200, said))).toEqual([1, 10, 16]);
});
