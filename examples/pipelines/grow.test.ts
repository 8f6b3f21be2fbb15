import { testRun } from '@kube-transform/runtime/testing';
import { describe, expect, test } from 'vitest';
import * as module from './grow.js';

const grow = module.default;
const functions = { grow: { branch: module.branch, leaf: module.leaf, collect: module.collect } };

describe('a DAG that grows', () => {
  test.each([
    [1, 4, 4, 0],
    [2, 3, 9, 3],
    [3, 2, 8, 6],
  ])('of depth %i and width %i has %i leaves below %i branches', async (depth, width, leaves, branches) => {
    const run = await testRun(grow, { params: { depth, width }, functions });
    expect(run.status).toBe('Completed');
    expect(run.result('collect')).toMatchObject({
      leaves,
      expected: leaves,
      first: '0'.concat('-0'.repeat(depth)),
    });
    expect(Object.keys(run.statuses).filter(name => name.startsWith('branch-'))).toHaveLength(branches);
  });

  test('counts only what its own run wrote', async () => {
    const first = await testRun(grow, { params: { depth: 2, width: 3 }, functions });
    const second = await testRun(grow, { params: { depth: 1, width: 2 }, functions, store: first.store });
    expect(second.result('collect')).toMatchObject({ leaves: 2 });
  });

  test('whose leaf fails does not collect, and runs the siblings of the leaf', async () => {
    const run = await testRun(grow, {
      functions,
      faults: [{ kind: 'throw', step: 'leaves-0-1', item: 2, attempt: 'all' }],
    });
    expect(run.status).toBe('Failed');
    expect(run.statuses).toMatchObject({
      trunk: 'DescendantFailed',
      'branch-0-0': 'Completed',
      'branch-0-1': 'DescendantFailed',
      'leaves-0-1': 'Failed',
      'leaves-0-2': 'Completed',
      collect: 'SkippedDueToUpstreamFailure',
    });
  });

  test('goes on where it was when its driver dies', async () => {
    const run = await testRun(grow, {
      functions,
      faults: [
        { kind: 'crashDriver', afterFacts: 3 },
        { kind: 'crashDriver', afterFacts: 7 },
      ],
    });
    expect(run.restarts).toBe(2);
    expect(run.result('collect')).toMatchObject({ leaves: 9 });
  });
});
