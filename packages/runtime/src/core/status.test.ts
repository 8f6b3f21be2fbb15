import type { JobStatus } from '@kube-transform/sdk';
import { expect, it } from 'vitest';
import { FAILED, SUBMITTED, SUCCEEDED, WAITING } from './rows.js';
import { isBad, isTerminal, statusOf } from './status.js';

it.each<[string, number, [number, number, number, number], JobStatus]>([
  ['failed, whatever else', FAILED, [1, 1, 1, 1], 'Failed'],
  ['submitted', SUBMITTED, [0, 0, 0, 0], 'Running'],
  ['waiting, a dependency ended badly', WAITING, [1, 1, 0, 0], 'SkippedDueToUpstreamFailure'],
  ['waiting, a dependency open', WAITING, [1, 0, 0, 0], 'Pending'],
  ['waiting, no dependency open', WAITING, [0, 0, 0, 0], 'Pending'],
  ['succeeded, a child ended badly and one is open', SUCCEEDED, [0, 0, 1, 1], 'DescendantFailed'],
  ['succeeded, a child open', SUCCEEDED, [0, 0, 1, 0], 'AwaitingDescendants'],
  ['succeeded, no child open', SUCCEEDED, [0, 0, 0, 0], 'Completed'],
])('%s: %j with %j is %s', (_, own, tallies, status) => {
  const rows = Int32Array.of(own, ...tallies, -1, -1, 0);
  expect(statusOf({ rows, causes: new Map(), failedItems: new Map() }, 0)).toBe(status);
});

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
