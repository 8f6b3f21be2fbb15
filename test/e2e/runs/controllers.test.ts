/**
 * More than one controller of a run: nothing is done twice, and one of another version keeps its hands off.
 */
import { join } from 'node:path';
import { followRun, makeBundle, publishBundle, submitRun } from '@kube-transform/cli';
import {
  newRun,
  readLog,
  readResults,
  RESULT_LINE,
  resultsPrefix,
  systemClock,
} from '@kube-transform/runtime/internal';
import {
  type Job,
  paths,
  type Pod,
  RUN_KEY,
  type RunConfig,
  runName,
  selectRun,
  createControllerJob,
  type ConfigMap,
} from '@kube-transform/runtime/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../kit/sources.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await testCluster('controllers');
});
afterAll(() => cluster[Symbol.asyncDispose]());

const followed = async (runId: string) =>
  followRun(cluster.api, runId, {
    sink: { publish: () => undefined },
    note: () => undefined,
    signal: new AbortController().signal,
  });
const bundleOf = (file: string) => makeBundle({ entries: [join(root, file)], projectDir: root });
const numbers = Array.from({ length: 40 }, (_, n) => n);

async function begin(runId: string) {
  const bundle = await bundleOf('test/chaos/steps.ts');
  const job = {
    type: 'map',
    name: 'work',
    function: 'steps.square',
    items: numbers,
    args: { n: { $ref: 'item#' } },
    itemsPerPod: 10,
  } as const;
  const small = { cpu: '10m', memory: '64Mi', parallelism: 2 };
  const record = await newRun({
    pipeline: { name: 'p', jobs: [{ ...job, ...small }] },
    runId,
    clock: systemClock,
    source: { pipeline: null, functions: [], digest: bundle.digest },
  });
  await submitRun(cluster.api, { record, bundle, settings: cluster.settings });
  const map = await cluster.api.get<ConfigMap>(paths.configMaps(cluster.namespace, runName(runId)));
  return {
    config: JSON.parse(map?.data?.[RUN_KEY.config] ?? '{}') as RunConfig,
    uid: map?.metadata.uid ?? '',
  };
}

/** The end of the pod of a controller. */
async function endOf(job: string): Promise<{ exitCode: number; message?: string }> {
  for (;;) {
    const { items } = await cluster.api.list<Pod>(paths.pods(cluster.namespace), {
      labelSelector: `batch.kubernetes.io/job-name=${job}`,
    });
    const ended = items[0]?.status?.containerStatuses?.[0]?.state?.terminated;
    if (ended !== undefined) return ended;
    await systemClock.sleep(200);
  }
}

const controllersOf = async (runId: string): Promise<string[]> => {
  const { items } = await cluster.api.list<Job>(paths.jobs(cluster.namespace), {
    labelSelector: selectRun(runId, 'controller'),
  });
  return items.map(({ metadata }) => metadata.name);
};

test('two controllers of one run at once do no harm: the later one drives, the earlier one stops', async () => {
  const { config, uid } = await begin('two-controllers');
  const [first = ''] = await controllersOf('two-controllers');
  await createControllerJob(cluster.api, { config, uid, start: 'forced' });
  expect((await followed('two-controllers'))?.status).toBe('Completed');
  expect(await readResults(cluster.store, 'two-controllers', 'work')).toEqual(numbers.map(n => n * n));
  const seen = new Map<number, number>();
  for await (const line of readLog(cluster.store, resultsPrefix('two-controllers', 'work'), RESULT_LINE))
    seen.set(line.i, (seen.get(line.i) ?? 0) + 1);
  expect([...seen.values()].every(times => times === 1)).toBe(true);
  expect((await endOf(first)).exitCode).toBeDefined();
});

test('a controller of another version refuses with a sentence, and the run goes on under its own', async () => {
  const { config, uid } = await begin('other-version');
  const other = await publishBundle(cluster.api, await bundleOf('bench/functions/stamp.ts'));
  await createControllerJob(cluster.api, {
    config: { ...config, digest: other.digest, bundleParts: other.parts },
    uid,
    start: 'other',
  });
  const name = (await controllersOf('other-version')).find(job => job.endsWith('-cother')) ?? '';
  expect(await endOf(name)).toMatchObject({
    exitCode: 78,
    message: expect.stringContaining(`began with version ${config.digest}`),
  });
  expect((await followed('other-version'))?.status).toBe('Completed');
});
