import type { FailureCause } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { foldLine, type ItemOutcome, readOutcomes, type ResultLine } from './item-results.js';
import { resultsPrefix } from './layout.js';
import { SegmentLog } from './segment-log.js';

const c: FailureCause = { kind: 'Threw', name: 'Error', message: 'm' };
const fold = (...lines: Omit<ResultLine, 'i'>[]): ItemOutcome | undefined =>
  lines.reduce<ItemOutcome | undefined>((outcome, line) => foldLine(outcome, { i: 0, ...line }), undefined);

test.each<[string, Omit<ResultLine, 'i'>[], Partial<ItemOutcome>]>([
  ['a result', [{ n: 1, r: 'first' }], { result: 'first', attempts: 1, final: true }],
  [
    'two results',
    [
      { n: 1, r: 'first' },
      { n: 1, r: 'second' },
    ],
    { result: 'first', attempts: 1 },
  ],
  [
    'a result and a failure',
    [
      { n: 1, r: 'first' },
      { n: 1, c, x: true },
    ],
    { result: 'first' },
  ],
  [
    'a failure for good and a result',
    [
      { n: 1, c, x: true },
      { n: 2, r: 'late' },
    ],
    { cause: c, attempts: 1 },
  ],
])('S1: an item - the first final line counts: %s', (_, lines, outcome) => {
  expect(fold(...lines)).toMatchObject(outcome);
});

test.each<[string, Omit<ResultLine, 'i'>[], Partial<ItemOutcome>]>([
  ['one', [{ n: 1, c }], { attempts: 1 }],
  [
    'two',
    [
      { n: 1, c },
      { n: 2, c },
    ],
    { attempts: 2 },
  ],
  ['one that is free', [{ n: 1, c, free: true }], { attempts: 0, interruptions: 1 }],
  [
    'one end of a pod, said twice',
    [
      { n: 1, c, u: 'pod' },
      { n: 1, c, u: 'pod' },
    ],
    { attempts: 1 },
  ],
])('S2: an item - is unfinished after failures that may be retried: %s', (_, lines, outcome) => {
  expect(fold(...lines)).toMatchObject({ ...outcome, cause: c, final: false });
});

test('an item that was skipped as done - has no attempt', () => {
  expect(fold({ n: 0, r: 7 })).toEqual({ attempts: 0, result: 7, final: true });
});

test('what is kept of an item - says in which pod its last attempt was, where that is known', async () => {
  const store = memoryFileStore();
  const write = async (podName: string | undefined, ...lines: ResultLine[]): Promise<void> => {
    const log = await SegmentLog.open<ResultLine>(store, resultsPrefix('r', 'j', 0), { podName });
    await log.append(...lines);
  };
  const known = async (): Promise<unknown[]> =>
    [...(await readOutcomes(store, 'r', 'j')).values()].map(({ podName }) => podName);
  await write(undefined, { i: 0, n: 1, c });
  expect(await known()).toEqual([undefined]);
  await write('pod-a', { i: 0, n: 2, c, x: true }, { i: 1, n: 1, c });
  await write('pod-b', { i: 0, n: 3, r: 'late' }, { i: 1, n: 2, r: 1 });
  expect(await known()).toEqual(['pod-a', 'pod-b']);
});
