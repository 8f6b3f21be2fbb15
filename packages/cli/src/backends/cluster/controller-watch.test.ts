import { newJobProgress, newRunSummary } from '@kube-transform/runtime/internal';
import {
  controllerName,
  type Job,
  type Pod,
  paths,
  runLabels,
  runName,
} from '@kube-transform/runtime/kubernetes';
import { describe, expect, test } from 'vitest';
import { KubeBench } from '../../../../../test/kit/kube-bench.js';
import { addJob, addRun } from '../../../../../test/kit/kube-runs.js';
import { ClusterBackend } from './cluster-backend.js';
import { controllerState, watchController } from './controller-watch.js';

const bench = new KubeBench();
const jobs = paths.jobs('ns');
const pods = paths.pods('ns');

/** The Job of the controller of run "r", and a pod of it. */
function addController(job: Job['status'], pod: Pod['status'] = { phase: 'Running' }): void {
  const labels = runLabels('r', 'p', 'controller');
  const name = controllerName('r', '1');
  const { uid = '' } = bench.server.storage.create(jobs, {
    metadata: { name, labels },
    status: job,
  }).metadata;
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }];
  const metadata = {
    name: `${name}-0`,
    labels: { ...labels, 'batch.kubernetes.io/job-name': name },
    ownerReferences,
  };
  bench.server.storage.create(pods, { metadata, status: pod });
}
const UNSCHEDULABLE: Pod['status'] = {
  phase: 'Pending',
  conditions: [
    {
      ...{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
      message: '0/3 nodes are available: 3 Insufficient cpu.',
    },
  ],
};

const GIVEN_UP: Job['status'] = { conditions: [{ type: 'Failed', status: 'True' }] };
const ENDED: Job['status'] = { active: 0, failed: 1 };

/** Looks after the controller of run "r" for a minute; `heardMs`: when something was last heard of it. */
async function watched(heardMs: (beganMs: number) => number): Promise<string[]> {
  const api = bench.api();
  const beganMs = bench.clock.nowMs();
  const leaving = new AbortController();
  const notes: string[] = [];
  await watchController(api, 'r', {
    note: text => void notes.push(text),
    heardMs: () => {
      if (bench.clock.nowMs() > beganMs + 60_000) leaving.abort();
      return heardMs(beganMs);
    },
    signal: leaving.signal,
    clock: bench.clock,
  });
  return notes;
}

describe('watchController', () => {
  test('CW1: a run that is heard of costs no request', async () => {
    addRun(bench.server, { runId: 'r', status: 'Running' });
    addController({ active: 1, ready: 1 });
    expect(await watched(() => bench.clock.nowMs())).toEqual([]);
    expect(bench.server.asked).toEqual([]);
  });

  test('CW1: one that is quiet costs a request every 15 seconds', async () => {
    addRun(bench.server, { runId: 'r', status: 'Running' });
    addController({ active: 1, ready: 1 });
    expect(await watched(beganMs => beganMs)).toEqual([]);
    expect(bench.server.askedFor(/^GET .*\/jobs/).length).toBeGreaterThanOrEqual(2);
    expect(bench.server.asked.length).toBeLessThanOrEqual(4);
  });

  test('CW2: why a controller waits is said, and nothing is changed', async () => {
    addRun(bench.server, { runId: 'r', status: null });
    addController({ active: 1, ready: 0 }, UNSCHEDULABLE);
    expect(await watched(() => 0)).toEqual([
      expect.stringMatching(/^the controller is waiting because .*3 Insufficient cpu/),
    ]);
    expect(bench.server.asked.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  test('why one that runs has not begun the run is said, in its own words', async () => {
    addRun(bench.server, { runId: 'r', status: null });
    addController({ active: 1, ready: 1 });
    const body =
      '{"level":"warn","message":"The cluster does not answer."}\n{"level":"info","message":"so"}\n';
    bench.server.on(/\/log/, { status: 200, body });
    expect(await watched(() => 0)).toEqual([
      'the controller runs and has not begun the run: The cluster does not answer.',
    ]);
  });

  test('a controller that is gone or given up fails whoever follows, unless the run has ended', async () => {
    addRun(bench.server, { runId: 'r', status: 'Running' });
    const code = 'CONTROLLER_FAILED';
    const gone = [{ code, message: expect.stringContaining('has no controller') as string }];
    await expect(watched(() => 0)).rejects.toMatchObject({ problems: gone });
    const conditions = [{ type: 'Failed', status: 'True', message: 'too many restarts' }];
    addController({ failed: 7, conditions }, { phase: 'Failed' });
    await expect(watched(() => 0)).rejects.toMatchObject({
      problems: [{ code, hint: expect.stringContaining('kt submit --resume r') as string }],
    });
    const summary = JSON.stringify({ status: 'Completed', updatedMs: 5 });
    bench.server.storage.patch(paths.configMaps('ns'), runName('r'), { data: { summary } });
    expect(await watched(() => 0)).toEqual([]);
  });
});

describe('controllerState', () => {
  test.each<[string, Job['status'], Pod['status'], object]>([
    ['one that runs', { active: 1, ready: 1 }, { phase: 'Running' }, { is: 'well' }],
    ['one that waits', { active: 1, ready: 0 }, UNSCHEDULABLE, { is: 'waiting' }],
    ['one that ended, and is begun again', ENDED, { phase: 'Failed' }, { is: 'restarting', times: 1 }],
    ['one that was given up', GIVEN_UP, { phase: 'Failed' }, { is: 'failed' }],
  ])('%s', async (_, job, pod, state) => {
    addController(job, pod);
    expect(await controllerState(bench.api(), 'r', { isHeard: true })).toMatchObject(state);
  });

  test('its last words are an error that it printed, where there is one', async () => {
    addController({ active: 0, failed: 2 }, { phase: 'Failed' });
    const body = '{"level":"info","message":"begun"}\n{"level":"error","message":"The store is full."}\n';
    bench.server.on(/\/log/, { status: 200, body });
    expect(await controllerState(bench.api(), 'r', { isHeard: true })).toEqual({
      ...{ is: 'restarting', times: 2, words: 'The store is full.' },
    });
  });
});

describe('how a run stands', () => {
  const read = async (runId: string) => {
    const backend = new ClusterBackend(bench.api());
    return backend.read(await backend.find(runId));
  };

  test('a report that says Interrupted is Running where a controller is there again', async () => {
    const more = { problem: 'The store is full.' };
    const owner = addRun(bench.server, { runId: 'driven', status: 'Interrupted', more });
    addJob(bench.server, { runId: 'driven', component: 'controller', owner });
    expect(await read('driven')).toMatchObject({ status: 'Running', problem: null });
  });

  test('a report that says Running is Interrupted where nobody is left', async () => {
    addRun(bench.server, { runId: 'left', status: 'Running' });
    const problem = 'Nobody drives it: its controller is gone.';
    expect(await read('left')).toMatchObject({ status: 'Interrupted', problem });
    const list = await new ClusterBackend(bench.api()).list();
    expect(list).toMatchObject([{ runId: 'left', status: 'Interrupted', where: 'test/ns' }]);
  });

  test('a run whose controller waits, and one of which nothing was heard yet', async () => {
    addRun(bench.server, { runId: 'r', status: null });
    addController({ active: 1, ready: 0 }, UNSCHEDULABLE);
    expect((await read('r')).problem).toMatch(/^Its controller has not started, because .*Insufficient cpu/);
    bench.server.storage.patch(jobs, controllerName('r', '1'), { status: { ready: 1 } });
    const summary = await read('r');
    expect(summary).toMatchObject({ status: 'Running', problem: 'Its controller is starting.' });
    const { createdMs } = summary;
    const none = newRunSummary({ runId: 'r', pipeline: 'p', createdMs, retryOf: null });
    expect(summary).toEqual({ ...none, problem: summary.problem, pods: [] });
  });

  test('one of which nothing was heard, and whose controller says why', async () => {
    addRun(bench.server, { runId: 'r', status: null });
    addController({ active: 1, ready: 1 });
    const message = 'The cluster "in-cluster" does not answer: connect EHOSTUNREACH.';
    bench.server.on(/\/log/, { status: 200, body: `${JSON.stringify({ level: 'warn', message })}\n` });
    expect((await read('r')).problem).toBe(`Its controller runs and has not begun the run: ${message}`);
  });

  test('the pods that work are named, each with its step; not where they may not be listed', async () => {
    const owner = addRun(bench.server, {
      ...{ runId: 'r', status: 'Running' },
      more: { jobs: [{ ...newJobProgress('ended'), status: 'Completed' }] },
    });
    addJob(bench.server, { runId: 'r', component: 'controller', owner });
    const labels = runLabels('r', 'p', 'task');
    const add = (name: string, phase: string, more: object): object =>
      bench.server.storage.create(pods, { metadata: { name, labels, ...more }, status: { phase } });
    add('of-step', 'Running', { annotations: { 'kt.dev/job': 'my step' } });
    add('warm', 'Running', {});
    add('starts', 'Pending', {});
    add('late', 'Running', { annotations: { 'kt.dev/job': 'ended' } });
    add('of-other', 'Running', { labels: runLabels('other', 'p', 'task') });
    expect((await read('r')).pods).toEqual([
      { name: 'of-step', job: 'my step' },
      { name: 'warm', job: null },
    ]);
    bench.server.on(/^GET .*pods.*component=task/, { status: 403 });
    expect((await read('r')).pods).toBeUndefined();
  });
});
