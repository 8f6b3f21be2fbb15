/** Which run was meant. */
import { describe, expect, test } from 'vitest';
import { noRuns, pickRun } from './pick-run.js';

const ids = ['etl-1', 'etl-2', 'etl-20', 'other'];
const pick = (typed: string, among: readonly string[] = ids): string =>
  pickRun(typed, { ids: among, where: 'in this store', hint: 'kt run PIPELINE' });
const problemOf = (typed: string, among?: readonly string[]): unknown => {
  try {
    return pick(typed, among);
  } catch (error) {
    return (error as { problems: unknown[] }).problems[0];
  }
};

describe('pickRun', () => {
  test.each([
    ['etl-1', 'etl-1'],
    ['etl-2', 'etl-2'],
    ['o', 'other'],
  ])('%s - is an id, or the beginning of one', (typed, id) => {
    expect(pick(typed)).toBe(id);
  });

  test('the beginning of several - is refused with the last of them', () => {
    expect(problemOf('etl')).toEqual({
      code: 'AMBIGUOUS_RUN',
      path: 'run',
      message: '"etl" is the beginning of 3 runs.',
      hint: 'Write more of it, or "latest". The last ones: etl-1, etl-2, etl-20.',
    });
  });

  test('a typo - is told what was meant, the newest first', () => {
    expect(problemOf('ohter')).toMatchObject({ code: 'UNKNOWN_RUN', hint: 'Did you mean "other"?' });
    expect(problemOf('ltest')).toMatchObject({ hint: 'Did you mean "latest"?' });
  });

  test.each(['', 'nothing like it'])('%j - is not found', typed => {
    expect(problemOf(typed)).toMatchObject({
      code: 'UNKNOWN_RUN',
      message: `There is no run "${typed}" in this store.`,
      hint: 'kt runs lists them.',
    });
  });

  test('where there are none - says how to begin one', () => {
    expect(problemOf('x', [])).toMatchObject({ hint: 'There are no runs in this store: kt run PIPELINE' });
  });

  test('a very long text - is not repeated as a whole', () => {
    expect(JSON.stringify(problemOf('x'.repeat(5000)))).toMatch(/^.{100,400}$/);
  });
});

test('noRuns - says where, and what to do', () => {
  expect(noRuns('in namespace "ns"', 'kt submit PIPELINE').problems).toEqual([
    {
      code: 'NO_RUNS',
      path: 'run',
      message: 'There are no runs in namespace "ns".',
      hint: 'kt submit PIPELINE',
    },
  ]);
});
