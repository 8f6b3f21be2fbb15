import type { RunSummary } from '@kube-transform/runtime';
import { newJobProgress } from '@kube-transform/runtime/internal';
import { newRunSummary } from '@kube-transform/runtime/internal';
import { controllerName, paths, RUN_KEY, runName } from '@kube-transform/runtime/kubernetes';
import { describe, expect, test } from 'vitest';
import { KubeBench } from '../../../../../test/kit/kube-bench.js';
import { addJob, addRun } from '../../../../../test/kit/kube-runs.js';
import type { Cancelled, CancelOptions } from '../backend.js';
import { cancelledSummary } from './cancel-run.js';
import { ClusterBackend } from './cluster-backend.js';

const bench = new KubeBench();
const configMaps = paths.configMaps('ns');
const jobs = paths.jobs('ns');

async function cancel(runId: string, options: CancelOptions = {}): Promise<Cancelled> {
  const backend = new ClusterBackend(bench.api(), { clock: bench.clock });
  return backend.cancel(await backend.find(runId), options);
}
const dataOf = (runId: string): Record<string, string> =>
  bench.server.storage.get(configMaps, runName(runId))['data'] as Record<string, string>;
const summaryOf = (runId: string): RunSummary =>
  JSON.parse(dataOf(runId)[RUN_KEY.summary] ?? '') as RunSummary;
const jobsLeft = (): string[] => bench.server.storage.all(jobs).map(({ metadata }) => metadata.name);

/** The pod of the controller ends by itself. */
const endController = (): void =>
  void bench.server.storage.patch(paths.pods('ns'), `${controllerName('r', '1')}-0`, {
    status: { phase: 'Succeeded' },
  });

/** Does something when a run has got the flag, once. */
function whenFlagged(act: () => void): void {
  const stop = bench.server.storage.listen(({ object }) => {
    if (!JSON.stringify(object).includes('"cancel"')) return;
    stop();
    queueMicrotask(act);
  });
}

describe('kt cancel in a cluster', () => {
  test('CR1: the flag is there before anything is deleted', async () => {
    const owner = addRun(bench.server, { runId: 'r', status: 'Running' });
    addJob(bench.server, { runId: 'r', component: 'task', owner });
    expect(await cancel('r')).toEqual({ pods: [], ended: true });
    const lines = bench.server.asked.map(({ method, text }) => `${method} ${text.slice(0, 20)}`);
    const first = lines.findIndex(line => line.startsWith('DELETE'));
    expect(lines.findIndex(line => line.startsWith('PATCH {"data":{"cancel"'))).toBeLessThan(first);
    expect(dataOf('r')[RUN_KEY.cancel]).toMatch(/^2023-11-14T/);
  });

  test('CR2: a controller that runs says itself how the run ended', async () => {
    const owner = addRun(bench.server, { runId: 'r', status: 'Running' });
    addJob(bench.server, { runId: 'r', component: 'controller', owner });
    const told: string[] = [];
    const progress = (text: string): void => {
      told.push(text);
      if (told.length > 1) return endController();
      const summary = JSON.stringify({ ...summaryOf('r'), status: 'Cancelled', lastError: 'its own words' });
      bench.server.storage.patch(configMaps, runName('r'), { data: { summary } });
    };
    expect(await cancel('r', { progress })).toEqual({ pods: [], ended: true });
    expect(summaryOf('r').lastError).toBe('its own words');
    expect(jobsLeft()).toHaveLength(1);
    expect(bench.server.askedFor(/^DELETE/)).toEqual([]);
    expect(told).toEqual(['waiting for its controller', "its controller's pod has still to end"]);
  });

  test('CR3: while the pod of its controller is there something of the run is left, which is said', async () => {
    const owner = addRun(bench.server, { runId: 'r', status: 'Running' });
    addJob(bench.server, { runId: 'r', component: 'controller', owner });
    const progress = (): void => {
      const summary = JSON.stringify({ ...summaryOf('r'), status: 'Cancelled' });
      bench.server.storage.patch(configMaps, runName('r'), { data: { summary } });
    };
    bench.server.on(/^DELETE .*\/jobs/, { status: 200, body: {} });
    const left = { pods: [`${controllerName('r', '1')}-0`], ended: true };
    expect(await cancel('r', { timeoutMs: 10_000, progress })).toEqual(left);
    expect(bench.server.askedFor(/^DELETE .*\/jobs/).length).toBeGreaterThan(0);
  });

  test('CR2: the last word of a run that nobody drives is said here', async () => {
    addRun(bench.server, { runId: 'r', status: 'Running', more: { counts: { Running: 1, Completed: 2 } } });
    expect(await cancel('r')).toEqual({ pods: [], ended: true });
    expect(summaryOf('r')).toMatchObject({ status: 'Cancelled', counts: { Failed: 1, Completed: 2 } });
  });

  test('CR2: a run of which nothing was ever heard is cancelled too', async () => {
    addRun(bench.server, { runId: 'r', status: null });
    expect(await cancel('r')).toEqual({ pods: [], ended: true });
    expect(summaryOf('r')).toMatchObject({ runId: 'r', pipeline: 'p', status: 'Cancelled', jobs: [] });
  });

  test('CR2: a controller that does not react is deleted, half of the time later', async () => {
    const owner = addRun(bench.server, { runId: 'r', status: 'Running' });
    addJob(bench.server, { runId: 'r', component: 'controller', owner });
    const told: string[] = [];
    const began = bench.clock.nowMs();
    expect(await cancel('r', { timeoutMs: 10_000, progress: text => void told.push(text) })).toEqual({
      ...{ pods: [], ended: true },
    });
    expect(bench.clock.nowMs() - began).toBeGreaterThanOrEqual(5000);
    expect(bench.clock.nowMs() - began).toBeLessThan(10_000);
    expect(jobsLeft()).toEqual([]);
    expect(summaryOf('r').status).toBe('Cancelled');
    expect(told[0]).toBe('waiting for its controller');
  });

  test('CR3: a Job that was just being made is found by the next look', async () => {
    const owner = addRun(bench.server, { runId: 'r', status: 'Running' });
    addJob(bench.server, { runId: 'r', component: 'task', owner });
    const stop = bench.server.storage.listen(({ collection, type }) => {
      if (collection !== jobs || type !== 'DELETED') return;
      stop();
      queueMicrotask(() => addJob(bench.server, { runId: 'r', component: 'task', owner }));
    });
    expect(await cancel('r')).toEqual({ pods: [], ended: true });
    expect(jobsLeft()).toEqual([]);
    expect(bench.server.askedFor(/^DELETE .*\/jobs/)).toHaveLength(2);
  });

  test('pods that stay are named when the time is over, or the signal comes', async () => {
    const owner = addRun(bench.server, { runId: 'r', status: 'Running' });
    addJob(bench.server, { runId: 'r', component: 'task', owner });
    bench.server.on(/^DELETE .*\/jobs/, { status: 200, body: {} });
    const left = { pods: ['kt-step-r-0'], ended: true };
    expect(await cancel('r', { timeoutMs: 1000 })).toEqual(left);
    const waiting: string[] = [];
    const leave = new AbortController();
    const progress = (text: string): void => {
      waiting.push(text);
      leave.abort();
    };
    expect(await cancel('r', { progress, signal: leave.signal })).toEqual(left);
    expect(waiting).toEqual(['1 pod has still to end']);
  });

  test('a run that is deleted meanwhile is no longer waited for', async () => {
    const owner = addRun(bench.server, { runId: 'r', status: 'Running' });
    addJob(bench.server, { runId: 'r', component: 'controller', owner });
    whenFlagged(() => bench.server.storage.delete(configMaps, runName('r')));
    await expect(cancel('r')).rejects.toMatchObject({ code: 'RUN_DELETED' });
  });
});

test('cancelledSummary - what had ended stays, the rest has failed', () => {
  const summary: RunSummary = {
    ...newRunSummary({ runId: 'r', pipeline: 'p', createdMs: 0, retryOf: null }),
    counts: { Completed: 1, Running: 1, Pending: 1, AwaitingDescendants: 1 },
    jobs: [
      { ...newJobProgress('a'), status: 'Completed' },
      { ...newJobProgress('b'), status: 'Running', waiting: 'no node' },
      { ...newJobProgress('c'), status: 'AwaitingDescendants' },
      newJobProgress('d'),
    ],
    trouble: 'The API server is away.',
  };
  const { jobs: ended, ...rest } = cancelledSummary(summary, 7);
  expect(ended.map(({ status, cause, waiting }) => [status, cause?.kind, waiting])).toEqual([
    ['Completed', undefined, null],
    ['Failed', 'Cancelled', null],
    ['DescendantFailed', undefined, null],
    ['Failed', 'Cancelled', null],
  ]);
  expect(rest).toMatchObject({ status: 'Cancelled', updatedMs: 7, trouble: null });
  expect(rest.counts).toEqual({ Completed: 1, Failed: 2, DescendantFailed: 1 });
});
