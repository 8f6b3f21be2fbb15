import type { JobStatus } from '@kube-transform/sdk';
import { expect, it } from 'vitest';
import type { Own } from './events.js';
import { isBad, isTerminal, statusOf } from './status.js';

const WAITING: Own = { state: 'waiting' };
const SUBMITTED: Own = { state: 'submitted' };
const SUCCEEDED: Own = { state: 'succeeded', failedItems: 0 };
const FAILED: Own = { state: 'failed', cause: { kind: 'Lost', message: 'gone' } };

it.each<[string, Own, [number, number, number, number], JobStatus]>([
  ['failed, whatever else', FAILED, [1, 1, 1, 1], 'Failed'],
  ['submitted', SUBMITTED, [0, 0, 0, 0], 'Running'],
  ['waiting, a dependency ended badly', WAITING, [1, 1, 0, 0], 'SkippedDueToUpstreamFailure'],
  ['waiting, a dependency open', WAITING, [1, 0, 0, 0], 'Pending'],
  ['waiting, no dependency open', WAITING, [0, 0, 0, 0], 'Pending'],
  ['succeeded, a child ended badly and one is open', SUCCEEDED, [0, 0, 1, 1], 'DescendantFailed'],
  ['succeeded, a child open', SUCCEEDED, [0, 0, 1, 0], 'AwaitingDescendants'],
  ['succeeded, no child open', SUCCEEDED, [0, 0, 0, 0], 'Completed'],
])(
  '%s: %j with %j is %s',
  (_, own, [openDependencies, badDependencies, openChildren, badChildren], status) => {
    const column = (n: number): Int32Array => Int32Array.of(n);
    const tallies = {
      own: [own],
      openDependencies: column(openDependencies),
      badDependencies: column(badDependencies),
      openChildren: column(openChildren),
      badChildren: column(badChildren),
    };
    expect(statusOf(tallies, 0)).toBe(status);
  },
);

it('four statuses are terminal, and all of them but Completed are bad', () => {
  const all: JobStatus[] = [
    'Pending',
    'Running',
    'AwaitingDescendants',
    'Completed',
    'Failed',
    'DescendantFailed',
    'SkippedDueToUpstreamFailure',
  ];
  expect(all.filter(isTerminal)).toEqual(all.slice(3));
  expect(all.filter(isBad)).toEqual(all.slice(4));
});
