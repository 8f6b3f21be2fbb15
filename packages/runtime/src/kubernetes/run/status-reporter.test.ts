import { errorOf, KubeBench } from '../../../../../test/kit/kube-bench.js';
import { statusBody } from '../../../../../test/kit/kube-server.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunEvent } from '../../ports/index.js';
import { paths } from '../api/paths.js';
import { KubeApi } from '../api/kube-api.js';
import { isKubeError } from '../api/kube-error.js';
import type { ConfigMap } from '../api/objects.js';
import { type JobProgress, newJobProgress, type ReportedSummary } from '../../reporting/run-summary.js';
import { StatusReporter } from './status-reporter.js';

const bench = new KubeBench();
const stamp = { atMs: 1, runId: 'r' };
const WELL: RunEvent = { type: 'JobStatusChanged', job: 'a', from: null, to: 'Running', items: 1, ...stamp };
const claim = { configMap: 'run', uid: 'me' };
let api: KubeApi;
let report: StatusReporter;

beforeEach(() => {
  bench.server.storage.create(paths.configMaps('ns'), {
    metadata: { name: 'run' },
    data: { controller: 'me' },
  });
  api = new KubeApi(bench.connection(), { clock: bench.clock });
  report = new StatusReporter({ api, clock: bench.clock, claim, onTrouble: () => undefined });
  report.publish({ type: 'RunStarted', pipeline: 'p', jobs: 1, resumed: false, ...stamp });
});
afterEach(() => api.close());

function written(): ReportedSummary {
  const { data } = bench.server.storage.get(paths.configMaps('ns'), 'run') as unknown as ConfigMap;
  return JSON.parse(data?.['summary'] ?? '{}') as ReportedSummary;
}

/** The trouble that the ConfigMap tells of. */
const told = (): string | null => written().trouble;

/** What is said to somebody without the right to delete Jobs. */
async function denied(job: string): Promise<Error> {
  const message =
    'jobs.batch is forbidden: User "me" cannot delete resource "jobs" in API group "batch" in the namespace "ns"';
  bench.server.on(/^DELETE .*\/jobs/, { status: 403, body: statusBody(403, 'Forbidden', message) });
  return errorOf(api.delete(paths.jobs('ns', job)));
}
const SENTENCE =
  '"me" may not delete jobs in namespace "ns" of the cluster "test". A Role with the rule {apiGroups: ["batch"], resources: ["jobs"], verbs: ["delete"]} and a binding to it are needed.';

test('the status of a run - tells what goes wrong', async () => {
  report.trouble(new Error('no answer'));
  await report.close(null);
  expect(told()).toBe('no answer');
});

test('the status of a run - stays that of the controller that has claimed it since', async () => {
  const data = { controller: 'another', summary: '{"status":"Completed"}' };
  bench.server.storage.patch(paths.configMaps('ns'), 'run', { data });
  report.publish(WELL);
  await report.close('I was away');
  expect(written()).toEqual({ status: 'Completed' });
});

test('the status of a run - forgets what went wrong when something goes well', async () => {
  report.trouble(new Error('no answer'));
  report.publish(WELL);
  await report.close(null);
  expect(told()).toBeNull();
});

test('the status of a run - tells a missing right to the end, once for all objects that it is about', async () => {
  report.trouble(await denied('kt-a-1'));
  report.trouble(await denied('kt-b-1'));
  report.publish(WELL);
  await report.close(null);
  expect(told()).toBe(SENTENCE);
});

test('the status of a run - forgets a right that was missing for a moment', async () => {
  const error = await denied('kt-a-1');
  report.trouble(error);
  if (isKubeError(error)) report.passed(error);
  await report.close(null);
  expect(told()).toBeNull();
});

test('the status of a run - does not fall back while a controller that came back counts again', async () => {
  const job: JobProgress = { ...newJobProgress('a'), status: 'Running', items: 60, done: 30, failed: 2 };
  report.restoreReport({
    ...written(),
    runId: 'run',
    pipeline: 'p',
    status: 'Running',
    jobs: [job],
    counts: { Running: 1 },
  });
  report.publish({ type: 'JobExpanded', job: 'a', items: 60, done: 0, failed: 0, ...stamp });
  await report.close('the disk is full');
  expect(written()).toMatchObject({
    problem: 'the disk is full',
    jobs: [{ name: 'a', done: 30, failed: 2, items: 60 }],
  });
});

test('the status of a run - tells what a run waits for that has not begun', async () => {
  const fresh = new StatusReporter({ api, clock: bench.clock, claim, onTrouble: () => undefined });
  fresh.trouble(new Error('two runs go before'));
  await fresh.close(null);
  expect(written()).toMatchObject({ trouble: 'two runs go before' });
  expect(written().updatedMs).toBeGreaterThan(0);
});

test('the status of a run - stays as it was told while nothing can be read of it', async () => {
  const fresh = new StatusReporter({ api, clock: bench.clock, claim, onTrouble: () => undefined });
  const job: JobProgress = { ...newJobProgress('a'), status: 'Running', items: 60, done: 30 };
  fresh.restoreReport({
    ...written(),
    runId: 'run',
    pipeline: 'p',
    status: 'Running',
    jobs: [job],
    counts: { Running: 1 },
  });
  await fresh.close('the disk is full');
  expect(written()).toMatchObject({
    status: 'Interrupted',
    problem: 'the disk is full',
    jobs: [{ done: 30 }],
  });
});

test('the status of a run - has added to it what goes wrong after the last word', async () => {
  await report.close(null);
  report.trouble(await denied('kt-a-1'));
  await report.amend();
  expect(told()).toBe(SENTENCE);
  const writes = bench.server.askedFor(/^PATCH/).length;
  await report.amend();
  expect(bench.server.askedFor(/^PATCH/)).toHaveLength(writes);
});

test('the status of a run - counts failures of more kinds than it tells', async () => {
  const words = Array.from({ length: 25 }, (_, i) => 'x'.repeat(i + 1));
  for (const [item, word] of words.entries())
    report.publish({
      ...{ type: 'ItemFailed', job: 'a', item, attempt: 1, podName: `kt-a-${item}`, ...stamp },
      cause: { kind: 'Evicted', message: `node ${word} has gone` },
    });
  await report.close(null);
  expect(written().failures).toHaveLength(20);
  expect(written().moreFailures).toBe(5);
});

test('the status of a run - is not said to have ended before its result is there', async () => {
  report.publish({ type: 'RunFinished', status: 'Completed', durationMs: 1, ...stamp });
  await bench.server.hasBeenAsked(/^PATCH/, 2);
  // Asked for a third time, the second is written.
  report.publish(WELL);
  await bench.server.hasBeenAsked(/^PATCH/, 3);
  expect(written().status).toBe('Running');
  report.headline(5);
  await report.close(null);
  expect(written()).toMatchObject({ status: 'Completed', result: 5 });
});

test('the status of a run - tells the result where it is not large', async () => {
  report.headline({ text: 'é'.repeat(8000) });
  await report.close(null);
  expect(written().result).toEqual({ text: 'é'.repeat(8000) });
  report.headline({ text: 'larger'.repeat(8000) });
  await report.close(null);
  expect(written().result).toEqual({ text: 'é'.repeat(8000) });
});
