import { beforeEach, describe, expect, test } from 'vitest';
import type { FileStore } from '../ports/index.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { systemClock } from '../process/system-clock.js';
import { jobKey, journalPrefix, logsPrefix, resultsPrefix } from '../run-store/layout.js';
import { newRun } from '../engine/create-run.js';
import type { ResultLine } from '../run-store/item-results.js';
import { LogTail, selectItems, readFailedLogs, readLogs } from './run-logs.js';
import { type RunRecord, writeRecord } from '../run-store/run-record.js';
import { SegmentLog } from '../run-store/segment-log.js';

let store: FileStore;
let record: RunRecord;

const line = (i: number, n: number, t: number): object => ({ i, n, t, level: 'info', message: `${i}#${n}` });
const threw = (message: string): ResultLine['c'] => ({ kind: 'Threw', name: 'Error', message });

async function append(prefix: string, ...values: object[]): Promise<void> {
  await (await SegmentLog.open<object>(store, prefix)).append(...values);
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

/**
 * A job "work" of four items in two pods: 0 succeeded at the second attempt, 1 failed for good after two, 2
 * runs its second, 3 its first.
 */
beforeEach(async () => {
  store = memoryFileStore();
  record = await newRun({
    pipeline: {
      name: 'p',
      jobs: [
        { type: 'static', name: 'work', tasks: [{}, {}, {}, {}] },
        { type: 'static', name: 'other', tasks: [{}] },
      ],
    },
    clock: systemClock,
    runId: 'r',
  });
  await writeRecord(store, record);
  await append(journalPrefix('r'), { type: 'JobSubmitted', job: 'work' });
  const manifest = {
    runId: 'r',
    pipeline: 'p',
    job: record.pipeline.jobs[0],
    items: 4,
    itemsPerPod: 2,
    offsets: [0],
  };
  await store.put(jobKey('r', 'work'), new TextEncoder().encode(JSON.stringify(manifest)));
  await append(logsPrefix('r', 'work', 0), line(0, 1, 10), line(1, 1, 30), line(0, 2, 50));
  await append(logsPrefix('r', 'work', 0), line(1, 2, 70));
  await append(logsPrefix('r', 'work', 1), line(2, 1, 20), line(3, 1, 30), line(2, 2, 60));
  await append(
    resultsPrefix('r', 'work', 0),
    { i: 0, n: 1, c: threw('a') },
    { i: 1, n: 1, c: threw('b') },
    { i: 0, n: 2, r: 'big'.repeat(100) },
  );
  await append(resultsPrefix('r', 'work', 0), { i: 1, n: 2, c: threw('c'), x: true });
  await append(resultsPrefix('r', 'work', 1), { i: 2, n: 1, c: threw('d') });
});

describe('logs of a run', () => {
  const messages = async (selector: string | undefined, previous = false): Promise<string[]> =>
    (await all(readLogs(store, record, { selector, previous }))).map(({ message }) => message);

  test('come in the order of time, of all or of one item', async () => {
    expect(await messages(undefined)).toEqual(['0#1', '2#1', '1#1', '3#1', '0#2', '2#2', '1#2']);
    expect(await messages('work/2')).toEqual(['2#1', '2#2']);
    expect(await messages('other')).toEqual([]);
    await expect(messages('wrok')).rejects.toMatchObject({ code: 'UNKNOWN_JOB' });
    await expect(messages('work/4')).rejects.toMatchObject({ code: 'UNKNOWN_ITEM' });
  });

  test('of earlier attempts are those before the one that is under way or was the last', async () => {
    expect(await messages(undefined, true)).toEqual(['0#1', '2#1', '1#1']);
    expect(await messages('work/1', true)).toEqual(['1#1']);
  });

  test('of what failed are those of the attempt that failed last, or of the ones before', async () => {
    const failed = async (previous: boolean): Promise<unknown> =>
      (await all(readFailedLogs(store, record, { selector: undefined, previous }))).map(log => [
        log.item,
        log.cause.message,
        log.lines.map(l => l.message),
      ]);
    expect(await failed(false)).toEqual([
      [1, 'c', ['1#2']],
      [2, 'd', ['2#1', '2#2']],
    ]);
    expect(await failed(true)).toEqual([
      [1, 'c', ['1#1']],
      [2, 'd', []],
    ]);
  });

  test('are told once each to who comes back for more', async () => {
    const tail = new LogTail(store, record, 'work');
    expect(await tail.next()).toHaveLength(7);
    expect(await tail.next()).toEqual([]);
    await append(logsPrefix('r', 'work', 1), line(3, 1, 90));
    expect(await tail.next()).toMatchObject([{ job: 'work', item: 3, attempt: 1, atMs: 90 }]);
  });
});

test('the name of a job may hold a slash', () => {
  const jobs = [
    { name: 'a/1', items: 1 },
    { name: 'a', items: 3 },
  ];
  expect(selectItems(jobs, { runId: 'r', selector: 'a/1' })).toEqual({ jobs: ['a/1'], item: null });
  expect(selectItems(jobs, { runId: 'r', selector: 'a/2' })).toEqual({ jobs: ['a'], item: 2 });
  expect(selectItems(jobs, { runId: 'r', selector: 'a/1/0' })).toEqual({ jobs: ['a/1'], item: 0 });
});
