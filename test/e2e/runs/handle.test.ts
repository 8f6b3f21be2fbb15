/** `submitPipeline`: a run in a cluster as a library call. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRun, type SubmitOptions, submitPipeline } from '@kube-transform/cli';
import type { LogLine, RunEvent } from '@kube-transform/runtime';
import { pipeline } from '@kube-transform/sdk';
import { root } from '../../kit/sources.js';
import { E2E, type TestCluster, testCluster } from '../kit/cluster.js';
import { eventually, leftovers, podsRun, release, testProject } from '../kit/projects.js';

let cluster: TestCluster;
let dir: string;
let where: SubmitOptions;

beforeAll(async () => {
  cluster = await testCluster('cli-handle');
  dir = await testProject();
  const { kubeconfig, image } = E2E;
  where = {
    kubeconfig,
    namespace: cluster.namespace,
    image,
    imagePullPolicy: 'IfNotPresent',
    volume: `host:${cluster.dir}`,
  };
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

test('a pipeline of a module: events, logs and the end of its run', async () => {
  const run = await submitPipeline(join(dir, 'pipelines/gated.ts#gated'), { ...where, params: { n: 2 } });
  expect(run.runId).toMatch(/^gated-/);
  const events = all(run.events());
  const lines = all(run.logs({ follow: true }));
  await podsRun(cluster, run.runId);
  expect(await run.status()).toMatchObject({ runId: run.runId, pipeline: 'gated', status: 'Running' });
  const first: RunEvent[] = [];
  for await (const event of (await openRun(run.runId, where)).events()) {
    first.push(event);
    if (event.type === 'JobExpanded' && event.job === 'work') break;
  }
  expect(first[0]).toMatchObject({ type: 'RunStarted', runId: run.runId, pipeline: 'gated', jobs: 2 });
  await release(cluster);
  expect(await run.wait()).toMatchObject({ runId: run.runId, status: 'Completed', counts: { Completed: 2 } });
  expect((await events).at(-1)).toMatchObject({ type: 'RunFinished', status: 'Completed' });
  const texts = ({ message }: LogLine): string => message;
  expect((await lines).map(texts).sort()).toEqual(['begun 0', 'begun 1', 'ended 0', 'ended 1']);
  expect((await all(run.logs({ selector: 'work/1' }))).map(texts)).toEqual(['begun 1', 'ended 1']);
});

test('a pipeline as a value is bundled from its module', async () => {
  const value = pipeline('gated', {});
  await expect(submitPipeline(value, where)).rejects.toMatchObject({ code: 'NO_MODULE' });
  await rm(join(cluster.dir, 'go'), { force: true });
  const run = await submitPipeline(value, {
    ...where,
    module: join(dir, 'pipelines/gated.ts'),
    runId: 'value',
  });
  await podsRun(cluster, run.runId);
  expect(await run.cancel()).toEqual({ pods: [], ended: true });
  expect(await run.wait()).toMatchObject({ status: 'Cancelled' });
  await expect(
    submitPipeline(value, { ...where, module: join(dir, 'pipelines/gated.ts'), runId: 'value' }),
  ).rejects.toMatchObject({
    code: 'RUN_EXISTS',
  });
});

test('a document runs with the functions of its modules, or with none', async () => {
  const small = { cpu: '20m', memory: '96Mi' };
  const calls = join(root, 'test/fixtures/functions/ends.ts');
  const task = { function: 'ends.square', args: { n: 3 } };
  const [run, empty] = await Promise.all([
    submitPipeline(
      { name: 'doc', jobs: [{ type: 'static', name: 'one', tasks: [task], ...small }] },
      { ...where, functions: [calls] },
    ),
    submitPipeline({ name: 'empty', jobs: [{ type: 'static', name: 'none', tasks: [] }] }, where),
  ]);
  expect(await run.wait()).toMatchObject({ status: 'Completed' });
  expect(await empty.wait()).toMatchObject({ status: 'Completed' });
  await expect(openRun('doc-no-such-run', where)).rejects.toMatchObject({ code: 'UNKNOWN_RUN' });
});

test('deleting ConfigMaps deletes all of a run', async () => {
  await cluster.api.deleteAll(`/api/v1/namespaces/${cluster.namespace}/configmaps`, {
    labelSelector: 'app.kubernetes.io/managed-by=kt',
  });
  await eventually(
    () => leftovers(cluster),
    names => names.length === 0,
  );
});
