import type { FailureCause } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { foldLine, type ItemOutcome, type ResultLine } from './item-results.js';
import { resultsPrefix } from './layout.js';
import { LogReader, newSegments } from './read-log.js';
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

test('what is kept of an item - says in which pod its last attempt was, where that is known', () => {
  const failed = foldLine(undefined, { i: 0, n: 1, c }, 'pod-a');
  expect(failed.podName).toBe('pod-a');
  const final = foldLine(failed, { i: 0, n: 2, c, x: true }, 'pod-b');
  expect(foldLine(final, { i: 0, n: 3, r: 'late' }, 'pod-c').podName).toBe('pod-b');
  expect(foldLine(failed, { i: 0, n: 2, r: 1 })).not.toHaveProperty('podName');
});

test('a segment - says which pod it is of, where its writer is in one', async () => {
  const store = memoryFileStore();
  const prefix = resultsPrefix('r', 'j', 0);
  for (const podName of [undefined, 'pod-a']) {
    const log = await SegmentLog.open<ResultLine>(store, prefix, { podName });
    await log.append({ i: 0, n: 1, c });
  }
  const pods: unknown[] = [];
  for await (const { pod } of newSegments(new LogReader(store, prefix), 2)) pods.push(pod);
  expect(pods).toEqual([undefined, 'pod-a']);
});
