import { KubeBench } from '../../../../../test/kit/kube-bench.js';
import { mustParsePipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { jobKey, journalPrefix, resultsPrefix } from '../../run-store/layout.js';
import type { RunEvent } from '../../ports/index.js';
import type { RunRecord } from '../../run-store/run-record.js';
import { SegmentLog } from '../../run-store/segment-log.js';
import { paths } from '../api/paths.js';
import { KubeApi } from '../api/kube-api.js';
import type { ConfigMap } from '../api/objects.js';
import { restoreStatus } from './restore-status.js';
import type { ReportedSummary } from '../../reporting/run-summary.js';
import { StatusReporter } from './status-reporter.js';

const bench = new KubeBench();
const THREW = { kind: 'Threw', name: 'Error', message: 'no' } as const;

async function told(tell: (report: StatusReporter) => void | Promise<void>): Promise<ReportedSummary> {
  bench.server.storage.create(paths.configMaps('ns'), {
    metadata: { name: 'run' },
    data: { controller: 'me' },
  });
  const connection = {
    name: 'test',
    server: bench.server.url,
    namespace: 'ns',
    token: () => Promise.resolve(undefined),
  };
  const api = new KubeApi(connection, { clock: bench.clock });
  const report = new StatusReporter({
    api,
    clock: bench.clock,
    claim: { configMap: 'run', uid: 'me' },
    onTrouble: () => undefined,
  });
  await tell(report);
  await report.close(null);
  api.close();
  const { data } = bench.server.storage.get(paths.configMaps('ns'), 'run') as unknown as ConfigMap;
  return JSON.parse(data?.['summary'] ?? '{}') as ReportedSummary;
}

const event = (given: object): RunEvent => ({ atMs: 1, runId: 'r', ...given }) as RunEvent;

test('I4: a controller that comes back - tells of all jobs, and of no item twice', async () => {
  const store = memoryFileStore();
  const names = ['ended', 'failed', 'cancelled-start', 'going', 'waiting'];
  const tasks = [{ function: 'f' }, { function: 'f' }, { function: 'f' }];
  const pipeline = mustParsePipeline({
    name: 'p',
    jobs: names.map(name => ({ type: 'static' as const, name, tasks })),
  });
  const record: RunRecord = { runId: 'r', pipeline, params: {}, createdAtMs: 0, source: null, retryOf: null };
  for (const job of pipeline.jobs.slice(0, 4)) {
    const manifest = { runId: 'r', pipeline: 'p', job, items: 3, itemsPerPod: 3, offsets: [0] };
    await store.put(jobKey('r', job.name), new TextEncoder().encode(JSON.stringify(manifest)));
  }
  const append = async (prefix: string, ...lines: object[]): Promise<void> =>
    (await SegmentLog.open<object>(store, prefix)).append(...lines);
  const ended = [
    { type: 'JobSucceeded', job: 'ended' },
    {
      type: 'JobFailed',
      job: 'failed',
      cause: { kind: 'ItemsFailed', message: '1 of 3', failed: 1, total: 3, first: THREW, firstItem: 1 },
    },
    {
      type: 'JobFailed',
      job: 'cancelled-start',
      cause: { kind: 'NotStarted', message: 'no image', reason: 'ErrImagePull' },
    },
  ];
  await append(
    journalPrefix('r'),
    ...['ended', 'failed', 'cancelled-start', 'going'].map(job => ({ type: 'JobSubmitted', job })),
    ...ended,
  );
  await append(
    resultsPrefix('r', 'failed', 0),
    { i: 0, n: 1, r: 1 },
    { i: 1, n: 1, c: THREW },
    { i: 1, n: 2, c: THREW, x: true },
    { i: 2, n: 1, r: 1 },
  );

  const summary = await told(async report => {
    await restoreStatus(store, record, report);
    report.publish(event({ type: 'RunStarted', pipeline: 'p', jobs: 5, resumed: true }));
    report.publish(event({ type: 'JobExpanded', job: 'going', items: 3, done: 2, failed: 0 }));
    for (const item of [0, 1])
      report.publish(event({ type: 'ItemSucceeded', job: 'going', item, attempt: 1, skipped: false }));
  });
  expect(
    summary.jobs.map(({ name, status, items, done, failed, retried }) => [
      name,
      status,
      items,
      done,
      failed,
      retried,
    ]),
  ).toEqual([
    ['ended', 'Completed', 3, 3, 0, 0],
    ['failed', 'Failed', 3, 2, 1, 1],
    ['cancelled-start', 'Failed', 3, 0, 0, 0],
    ['going', 'Running', 3, 2, 0, 0],
    ['waiting', 'Pending', null, 0, 0, 0],
  ]);
  expect(summary.failures.map(({ count, message, examples }) => [count, message, examples[0]?.job])).toEqual([
    [1, 'no', 'failed'],
    [1, 'no image', 'cancelled-start'],
  ]);
  expect(summary.counts).toEqual({ Completed: 1, Failed: 2, Running: 1, Pending: 1 });
});

test('failures at one place in a bundle are one kind, whichever pod had them', async () => {
  const stackIn = (folder: string): string =>
    `Error: no answer from host-1\n    at file:///${folder}/shaky-ABC.mjs:58:21585\n    at x (node:y:1:1)`;
  const failed = (item: number, folder: string, column = 21585): RunEvent =>
    event({
      type: 'ItemFailed',
      job: 'a',
      item,
      attempt: 1,
      cause: { ...THREW, stack: stackIn(folder).replace('21585', String(column)) },
    });
  const { failures } = await told(report => {
    report.publish(failed(1, 'kt/bundle/..2026_11_21_15_20_28.1732259740'));
    report.publish(failed(2, 'kt/bundle'));
    report.publish(failed(3, 'tmp/kt-bundle'));
    report.publish(failed(4, 'kt/bundle', 9));
  });
  expect(failures.map(({ count, where }) => [count, where])).toEqual([
    [3, 'shaky-ABC.mjs:58:21585'],
    [1, 'shaky-ABC.mjs:58:9'],
  ]);
});

test('I2: the summary of many jobs with long texts - fits into its ConfigMap', async () => {
  const summary = await told(report => {
    for (let n = 0; n < 3000; n++) {
      const cause = { ...THREW, message: 'm'.repeat(5000), stack: 's'.repeat(5000) };
      report.publish(
        event({ type: 'JobStatusChanged', job: `job-${n}`, from: 'Running', to: 'Failed', items: 1, cause }),
      );
    }
  });
  expect(JSON.stringify(summary).length).toBeLessThan(800_000);
  expect(summary.jobs.length).toBeGreaterThanOrEqual(200);
  expect(summary.counts).toEqual({ Failed: 3000 });
});

test('a controller that comes back - tells how many items were skipped, and how many have no result', async () => {
  const store = memoryFileStore();
  const pipeline = mustParsePipeline({
    name: 'p',
    jobs: [{ type: 'map', name: 'made', function: 'f', items: [1, 2, 3], outputs: ['x'] }],
  });
  const record: RunRecord = { runId: 'r', pipeline, params: {}, createdAtMs: 0, source: null, retryOf: null };
  const manifest = {
    runId: 'r',
    pipeline: 'p',
    job: pipeline.jobs[0],
    items: 3,
    itemsPerPod: 3,
    offsets: [0],
  };
  await store.put(jobKey('r', 'made'), new TextEncoder().encode(JSON.stringify(manifest)));
  const journal = await SegmentLog.open<object>(store, journalPrefix('r'));
  await journal.append({ type: 'JobSubmitted', job: 'made' }, { type: 'JobSucceeded', job: 'made' });
  const results = await SegmentLog.open<object>(store, resultsPrefix('r', 'made', 0));
  await results.append({ i: 0, n: 0, r: null, none: true }, { i: 1, n: 0, r: 1 }, { i: 2, n: 1, r: 1 });
  const { jobs } = await told(report => restoreStatus(store, record, report));
  expect(jobs).toMatchObject([{ status: 'Completed', done: 3, failed: 0, skipped: 2, unkept: 1 }]);
});
