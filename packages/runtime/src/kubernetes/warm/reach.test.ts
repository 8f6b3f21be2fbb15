import { expect, test } from 'vitest';
import { isOutOfReach as isOut, Reach } from './reach.js';

const wave = { unassigned: 5, succeeded: 0 };
/** A step whose pods have begun, with two that were done before, and how it stands now. */
function step({ closedPods = 2, succeeded = 4, waves = [wave] }) {
  const reach = new Reach();
  reach.begin({ tally: { closedPods: 2, succeeded: 4 } });
  return { reach, tally: { closedPods, succeeded }, waves };
}

/** Whether a run is out of reach, when its steps are looked at. */
function isOutOfReach(all: readonly ReturnType<typeof step>[], nowMs: number): boolean {
  for (const one of all) one.reach.look(one, nowMs);
  return isOut(all);
}

test('pods that have stored what they did, and are not heard of otherwise - are out of reach after a while', () => {
  const one = step({ closedPods: 3, succeeded: 6 });
  expect([0, 2999, 3000].map(nowMs => isOutOfReach([one], nowMs))).toEqual([false, false, true]);
  // What is left goes to other Jobs, which change nothing about it.
  expect(isOutOfReach([{ ...one, waves: [] }, step({})], 5000)).toBe(true);
});

test('pods that have ended, though there was more to do, and never asked - are out of reach', () => {
  expect(isOutOfReach([step({ waves: [{ ...wave, succeeded: 1 }] })], 0)).toBe(true);
});

test.each([
  ['nothing is done', step({})],
  ['they crashed', step({ closedPods: 3 })],
  ['they are at it', step({ succeeded: 5 })],
  [
    'nothing is left to be given',
    step({ closedPods: 3, succeeded: 6, waves: [{ unassigned: 0, succeeded: 3 }] }),
  ],
])('pods are not, where %s', (_, one) => {
  expect([0, 100_000].map(nowMs => isOutOfReach([one], nowMs))).toEqual([false, false]);
});

test('one pod of the run that is heard ends it', () => {
  const [one, other] = [step({ waves: [{ ...wave, succeeded: 1 }] }), step({})];
  expect(isOutOfReach([one, other], 0)).toBe(true);
  other.reach.isHeard = true;
  expect(isOutOfReach([one, other], 0)).toBe(false);
});
