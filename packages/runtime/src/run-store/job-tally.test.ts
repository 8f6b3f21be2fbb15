import { mustParsePipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { JobTally } from './job-tally.js';
import { resultsPrefix } from './layout.js';
import type { ItemEvent, JobOrder } from '../ports/index.js';
import type { ResultLine } from './item-results.js';
import { SegmentLog } from './segment-log.js';

const [job] = mustParsePipeline({
  name: 'p',
  jobs: [{ type: 'map', name: 'm', function: 'f.f', items: [1], args: {} }],
}).jobs;
const order: JobOrder = { runId: 'r', pipeline: 'p', job: job!, items: 5, itemsPerPod: 2 };
const threw = (message: string): NonNullable<ResultLine['c']> => ({ kind: 'Threw', name: 'Error', message });

const setUp = () => {
  const store = memoryFileStore();
  const events: ItemEvent[] = [];
  const tally = new JobTally(store, order, event => events.push(event));
  const write = async (pod: number, ...lines: ResultLine[]): Promise<void> =>
    (await SegmentLog.open<ResultLine>(store, resultsPrefix('r', 'm', pod))).append(...lines);
  return { tally, events, write };
};

test('J1: a tally - counts each item once, however often and in whatever way it is read', async () => {
  const { tally, events, write } = setUp();
  await write(0, { i: 0, n: 1, r: 1 }, { i: 1, n: 1, c: threw('a') });
  await tally.refreshPod(0);
  await tally.refresh();
  expect({ open: tally.open, pods: tally.openPods(), closed: tally.closedPods }).toEqual({
    open: 4,
    pods: [0, 1, 2],
    closed: 0,
  });
  await write(0, { i: 1, n: 2, r: { big: 'r":' } }, { i: 0, n: 1, r: 'late' });
  await write(2, { i: 4, n: 1, c: threw('b'), x: true });
  await tally.refresh();
  await tally.refresh();
  expect(tally.outcome()).toEqual({
    succeeded: 2,
    failed: 1,
    open: 2,
    firstFailure: { item: 4, cause: threw('b') },
    result: null,
  });
  expect(tally.openPods()).toEqual([1]);
  expect(events.map(({ type }) => type)).toEqual([
    'ItemSucceeded',
    'ItemRetrying',
    'ItemSucceeded',
    'ItemFailed',
  ]);
});

test('an end that two controllers wrote down counts once, and one that costs no attempt counts none', async () => {
  const { tally, write } = setUp();
  await write(0, { i: 0, n: 1, c: threw('a'), u: 'pod-1' });
  await write(
    0,
    { i: 0, n: 1, c: threw('a'), u: 'pod-1' },
    { i: 0, n: 1, c: { kind: 'Evicted', message: 'e' }, free: true, u: 'pod-2' },
  );
  await tally.refresh();
  expect(tally.outcomeOf(0)).toMatchObject({ attempts: 1, interruptions: 1, endOf: 'pod-2', final: false });
});

test('a line for an item that the job does not have changes nothing', async () => {
  const { tally, write } = setUp();
  await write(2, { i: 5, n: 1, r: 1 });
  await tally.refresh();
  expect(tally.open).toBe(5);
});

test('J1: a segment that a pod hands over - counts without being read, one that is not the next or not whole does not', async () => {
  const { tally, events } = setUp();
  const log = await SegmentLog.open<ResultLine>(memoryFileStore(), resultsPrefix('r', 'm', 0), {
    isNew: true,
  });
  await log.append({ i: 0, n: 1, r: 'ä' }, { i: 1, n: 1, r: 2 });
  const segment = log.last!;
  tally.hand(0, { last: 2, segment });
  tally.hand(0, { last: 1, segment: segment.replace('ä', 'b') });
  tally.hand(0, { last: 1, segment: '' });
  await tally.refresh();
  expect([events, tally.succeeded]).toEqual([[], 0]);
  tally.hand(0, { last: 1, segment });
  tally.hand(0, { last: 1, segment });
  await tally.refreshPod(0);
  expect([events.length, tally.succeeded, tally.openPods()]).toEqual([2, 2, [1, 2]]);
});

test('J2: a tally - is behind a pod as long as the segment that it told as its last is not there', async () => {
  const { tally, write } = setUp();
  tally.tell(0, 2);
  await write(0, { i: 0, n: 1, r: 1 });
  await tally.refreshPod(0);
  expect(tally.isBehind(0)).toBe(true);
  await write(0, { i: 1, n: 1, r: 1 });
  await tally.refreshPod(0);
  expect([tally.isBehind(0), tally.isBehind(1), tally.openPods()]).toEqual([false, false, [1, 2]]);
});
