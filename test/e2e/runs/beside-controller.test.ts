/** Steps beside the controller of a run: what they may not do, and what ends them. */
import { paths, type Pod, selectRun } from '@kube-transform/runtime/kubernetes';
import { readResults } from '@kube-transform/runtime/internal';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { type GivenJob, submitJobs } from '../kit/submitted.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await testCluster('beside');
});
afterAll(() => cluster[Symbol.asyncDispose]());

const beside = (name: string, call: GivenJob['call'], more: Partial<GivenJob> = {}): GivenJob => ({
  name,
  placement: 'controller',
  ...(call === undefined ? {} : { call }),
  ...more,
});
const podsOf = async (runId: string, component: 'task' | 'controller'): Promise<Pod[]> =>
  (await cluster.api.list<Pod>(paths.pods(cluster.namespace), { labelSelector: selectRun(runId, component) }))
    .items;
const TOKENS = '/var/run/secrets/kubernetes.io/serviceaccount';

test('steps beside the controller - need no pod, see no token, and end neither it nor each other', async () => {
  const square = ['square', { n: { $ref: 'first#' } }] as unknown as GivenJob['call'];
  const run = await submitJobs(
    cluster,
    [
      beside('first', ['square', { n: 3 }]),
      beside('second', square, { dependencies: ['first'] }),
      beside('looks', ['looksAround', { dirs: [TOKENS, '/kt/run', '/kt/bundle'] }]),
      beside('hungry', ['needsMemory', { mib: 400 }]),
      beside('exits', ['ends', { how: 'exit' }]),
      beside('late', ['holds', {}], { timeout: '1s' }),
      { name: 'pod', call: ['square', { n: 5 }] },
    ],
    { keepFinished: true },
  );
  await run.ended;
  const resultOf = async (job: string): Promise<unknown> =>
    (await readResults(cluster.store, run.runId, job))[0];
  expect(await Promise.all(['first', 'second', 'pod'].map(resultOf))).toEqual([9, 81, 25]);
  const { files, commands } = (await resultOf('looks')) as { files: string[]; commands: string[] };
  expect(files).toContain('worker.mjs');
  expect(files.filter(name => /token|ca\.crt|namespace|run\.json/.test(name))).toEqual([]);
  // Its own, and that which begins them; the controller is in another container.
  expect(commands.filter(command => command.includes('controller.mjs'))).toHaveLength(1);
  expect(run.causeOf('hungry')).toMatchObject({ kind: 'OutOfMemory', memory: '128Mi' });
  expect(run.causeOf('exits')).toMatchObject({ kind: 'Exited', exitCode: 3 });
  expect(run.causeOf('late')).toMatchObject({ kind: 'DeadlineExceeded' });
  const labels = (await podsOf(run.runId, 'task')).map(({ metadata }) => metadata.labels?.['kt.dev/job']);
  expect(labels).toEqual(['pod']);
});

test('a step that ends all processes it may - ends neither what runs it nor the controller', async () => {
  const run = await submitJobs(cluster, [
    beside('ends-all', ['endsAll', {}]),
    beside('after', ['square', { n: 2 }], { dependencies: ['ends-all'] }),
  ]);
  expect((await run.ended).status).toBe('Completed');
  expect(await run.outcomeOf('ends-all')).toMatchObject({ result: 1 });
});

test('a controller whose pod is deleted - is followed by one that goes on with the step', async () => {
  const run = await submitJobs(cluster, [beside('waits', ['awaitsFile', { path: 'go' }])]);
  await run.sees('JobStatusChanged', ({ to }) => to === 'Running');
  const [pod] = await podsOf(run.runId, 'controller');
  await cluster.api.delete(paths.pods(cluster.namespace, pod?.metadata.name ?? ''));
  await cluster.store.put('go', new Uint8Array());
  expect((await run.ended).status).toBe('Completed');
  expect(await run.outcomeOf('waits')).toMatchObject({ attempts: 1, result: 1 });
});

test('under a queue, they run in pods', async () => {
  const run = await submitJobs(
    cluster,
    [beside('queued', ['square', { n: 4 }])],
    // Nobody heeds it here.
    { defaults: { queue: 'none' }, keepFinished: true },
  );
  expect((await run.ended).status).toBe('Completed');
  expect(await podsOf(run.runId, 'task')).toHaveLength(1);
});
