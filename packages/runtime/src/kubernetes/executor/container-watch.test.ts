import { type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeBench, frameOf } from '../../../../../test/kit/kube-bench.js';
import { expandJob } from '../../engine/expand-job.js';
import type { FileStore } from '../../ports/index.js';
import { readOutcomes } from '../../run-store/item-results.js';
import { orderOf, type JobManifest } from '../../run-store/job-manifest.js';
import { systemClock } from '../../process/system-clock.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import type { Job, Pod } from '../api/objects.js';
import { KubeApi } from '../api/kube-api.js';
import { paths } from '../api/paths.js';
import { hasDone } from '../containers/container-status.js';
import { clusterSettings } from '../manifests/cluster-settings.js';
import { ANNOTATION, JOB_INDEX, JOB_NAME } from '../manifests/names.js';
import { kubernetesExecutor } from './kubernetes-executor.js';
import type { KubernetesExecutor } from './options.js';

const bench = new KubeBench();
const pods = paths.pods('ns');
let store: FileStore;
let manifest: JobManifest;
let executor: KubernetesExecutor;
const made: KubernetesExecutor[] = [];

/** A controller of the run, as one that begins it, or comes after another. */
const begin = async (): Promise<void> => {
  const settings = clusterSettings({ namespace: 'ns', store: 'mem:' });
  const frame = frameOf(settings);
  executor = kubernetesExecutor({
    api: new KubeApi(bench.connection(), { clock: bench.clock }),
    store,
    clock: systemClock,
    frame,
    onTrouble: () => undefined,
  });
  made.push(executor);
  await executor.submit(orderOf(manifest));
};

/** A step of two containers, which are told their items. */
const given: KTJobInput = {
  type: 'container',
  name: 'c',
  items: ['a', 'b'],
  container: { image: 'x', args: [{ $ref: 'item#' }], result: 'text' },
};
const manifestOf = async (of: KTJobInput): Promise<JobManifest> => {
  const [job] = mustParsePipeline({ name: 'p', jobs: [of] }).jobs;
  const itemsPerPod = (): number => 7;
  return (await expandJob({ store, runId: 'r', pipeline: 'p', job: job!, itemsPerPod })) as JobManifest;
};

beforeEach(async () => {
  store = memoryFileStore();
  manifest = await manifestOf(given);
  bench.server.on(/\/log\?/, {
    stream: out => {
      out.send('2026-11-28T08:00:00.123Z one\n2026-11-28T08:00:00.124Z said it\n');
      out.end();
    },
  });
  await begin();
});
afterEach(async () => {
  for (const one of made.splice(0)) await one[Symbol.asyncDispose]();
});

const until = async <T>(find: () => Promise<T | undefined>): Promise<T> => {
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    await new Promise<void>(resolve => setImmediate(resolve));
  }
};
const theJob = (): Promise<Job> =>
  until(async () => (await bench.api().list<Job>(paths.jobs('ns'))).items[0]);

/** The pod of an index, as the Job controller would make it. */
async function podOf(index: number, status: Pod['status']): Promise<Pod> {
  const { metadata, spec } = await theJob();
  const { metadata: of, spec: template } = spec!.template;
  return {
    metadata: {
      name: `pod-${index}`,
      labels: { ...of.labels, [JOB_NAME]: metadata.name, [JOB_INDEX]: String(index) },
      annotations: of.annotations ?? {},
    },
    spec: template,
    status,
  };
}
const ended: Pod['status'] = {
  phase: 'Succeeded',
  containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 0 } } }],
};
const outcomes = async (): Promise<unknown[]> =>
  [...(await readOutcomes(store, 'r', 'c')).entries()].map(([item, { result, attempts }]) => ({
    item,
    result,
    attempts,
  }));

test('CD1: the pod of a container - is told once what it runs, and goes', async () => {
  await bench.api().create(pods, await podOf(1, { phase: 'Pending' }));
  const told = await until(async () => {
    const pod = await bench.api().get<Pod>(`${pods}/pod-1`);
    return pod?.spec?.schedulingGates?.length === 0 ? pod : undefined;
  });
  expect(told.metadata.annotations).toMatchObject({ 'kt.dev/value-0': 'b', [ANNOTATION.job]: 'c' });
});

test('CD1: the end of a container - is on record once, whoever sees it', async () => {
  await bench.api().create(pods, await podOf(0, ended));
  await until(async () => ((await outcomes()).length === 1 ? true : undefined));
  await begin();
  await bench.api().create(pods, await podOf(1, ended));
  await until(async () => ((await outcomes()).length === 2 ? true : undefined));
  expect(await outcomes()).toEqual([
    { item: 0, result: 'said it', attempts: 1 },
    { item: 1, result: 'said it', attempts: 1 },
  ]);
  const facts = executor.observe(new AbortController().signal);
  for await (const batch of facts) if (batch.some(fact => fact.type === 'JobSucceeded')) break;
});

test('CD1: a container that has ended well - is on record once, whatever else its pod still does', async () => {
  const containerStatuses = [
    { name: 'sidecar', state: { running: {} } },
    { name: 'main', state: { terminated: { exitCode: 0 } } },
  ];
  await bench.api().create(pods, await podOf(0, { phase: 'Running', containerStatuses }));
  await until(async () => ((await outcomes()).length === 1 ? true : undefined));
  await bench.api().patch(`${pods}/pod-0`, { status: ended }, { type: 'merge' });
  await bench.api().create(pods, await podOf(1, ended));
  await until(async () => ((await outcomes()).length === 2 ? true : undefined));
  expect(await outcomes()).toEqual([
    { item: 0, result: 'said it', attempts: 1 },
    { item: 1, result: 'said it', attempts: 1 },
  ]);
});

const main = { name: 'main', state: { terminated: { exitCode: 0 } } };
const podThat = (metadata: object, status: Pod['status']): Pod => ({
  metadata: { name: 'p', ...metadata },
  status: { phase: 'Running', containerStatuses: [main], ...status },
});
test.each<[string, Pod]>([
  ['is being deleted', podThat({ deletionTimestamp: '2026-11-28T08:00:00Z' }, {})],
  ['makes room', podThat({}, { conditions: [{ type: 'DisruptionTarget', status: 'True' }] })],
  ['has no such container', podThat({}, { containerStatuses: [] })],
  ['failed', podThat({}, { containerStatuses: [{ ...main, state: { terminated: { exitCode: 1 } } }] })],
])('a container whose pod %s - has not ended well before its pod has', (_, pod) => {
  expect([hasDone(podThat({}, {})), hasDone(pod)]).toEqual([true, false]);
});

test('CD2: pods that no node has begun - are heard of only where they wait to be told what they run', async () => {
  const asked = (): (string | null)[] => [
    ...new Set(
      bench.server
        .askedFor(/^GET .*\/pods\?.*kt\.dev\/container=true/)
        .map(({ query }) => query.get('fieldSelector')),
    ),
  ];
  await until(async () => (asked().length === 2 ? true : undefined));
  expect(asked().sort()).toEqual(['status.phase!=Pending', 'status.phase=Pending,spec.nodeName=']);
  await executor[Symbol.asyncDispose]();
  await bench.api().deleteAll(paths.jobs('ns'), { labelSelector: 'kt.dev/run' });
  store = memoryFileStore();
  manifest = await manifestOf({ ...given, container: { image: 'x', result: 'text' } });
  bench.server.asked.length = 0;
  await begin();
  await bench.api().create(pods, await podOf(0, ended));
  await until(async () => ((await outcomes()).length === 1 ? true : undefined));
  expect(asked()).toEqual(['status.phase!=Pending']);
});
