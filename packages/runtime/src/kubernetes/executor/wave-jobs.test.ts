import { mustParsePipeline } from '@kube-transform/sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeBench, frameOf } from '../../../../../test/kit/kube-bench.js';
import type { JobManifest } from '../../run-store/job-manifest.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { KubeApi } from '../api/kube-api.js';
import type { Job } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { clusterSettings } from '../manifests/cluster-settings.js';
import { ANNOTATION, ownerOf } from '../manifests/names.js';
import { JobExecution, type Surroundings } from './job-execution.js';
import { WaveJobs } from './wave-jobs.js';

const bench = new KubeBench();
let api: KubeApi;
let execution: JobExecution;
let waves: WaveJobs;
let wakes: number[];
let troubles: unknown[];

const [job] = mustParsePipeline({
  name: 'p',
  jobs: [{ type: 'map', name: 'm', function: 'f.f', items: [1], args: {} }],
}).jobs;
const manifest = { runId: 'r', job: job!, items: 4, itemsPerPod: 2 } as JobManifest;
const executionOf = (of = job!, items = 4): JobExecution =>
  new JobExecution(
    memoryFileStore(),
    { runId: 'r', pipeline: 'p', job: of, items, itemsPerPod: 2 },
    { work: () => Promise.resolve(), emit: () => undefined },
  );
const surroundings = (): Surroundings => ({
  all: [execution],
  room: 2000,
  wakeLater: ms => void wakes.push(ms),
  tell: () => undefined,
});
const cover = (): Promise<void> => waves.cover(execution, manifest, surroundings());
const jobs = async (): Promise<Job[]> => (await api.list<Job>(paths.jobs('ns'))).items;

afterEach(() => api.close());
beforeEach(() => {
  api = new KubeApi(bench.connection(), { clock: bench.clock });
  const store = memoryFileStore();
  const settings = clusterSettings({ namespace: 'ns', store: 'mem:' });
  const frame = frameOf(settings);
  execution = executionOf();
  troubles = [];
  const onTrouble = (error: unknown): void => void troubles.push(error);
  waves = new WaveJobs({ api, store, clock: bench.clock, frame, onTrouble });
  wakes = [];
});

test('U1: making a wave - a Job of its name that was made for the same is taken over', async () => {
  await cover();
  const [made] = await jobs();
  execution = executionOf();
  await cover();
  expect(await jobs()).toHaveLength(1);
  expect(execution.live.map(wave => wave.job.metadata.uid)).toEqual([made?.metadata.uid]);
});

test('in a queue - all pods are asked for at once, and each takes what is left', async () => {
  const queued = { ...job!, kubernetes: { queue: 'q' } };
  await waves.cover(executionOf(), { ...manifest, job: queued }, surroundings());
  const [made] = await jobs();
  expect(made?.spec).toMatchObject({ completions: 2, parallelism: 2 });
  expect(made?.metadata.annotations).toMatchObject({ [ANNOTATION.lanes]: '0' });
});

test.each([
  ['of no queue', {}, 2],
  ['that the cluster puts into a queue', { 'kueue.x-k8s.io/queue-name': 'default' }, 1],
])('when there is more room - a Job %s', async (_, labels, parallelism) => {
  execution = executionOf({ ...job!, itemsPerPod: 2 });
  const { job: cut } = execution.order;
  await waves.cover(execution, { ...manifest, job: cut }, { ...surroundings(), room: 1 });
  const [made] = await jobs();
  const path = paths.jobs('ns', made!.metadata.name);
  execution.see((await api.patch<Job>(path, { metadata: { labels } }, { type: 'merge' }))!);
  await waves.share({ all: [execution], room: 10 });
  expect((await jobs())[0]?.spec).toMatchObject({ completions: 2, parallelism });
});

test.each([
  ['none of them has reached the controller: each gets its items beforehand', false, 20],
  ['they have reached it', true, 4],
])('pods end before there is nothing left, and %s', async (_, isHeard, lanes) => {
  execution = executionOf(job, 40);
  await cover();
  const [made] = await jobs();
  expect(made?.spec).toMatchObject({ completions: 4 });
  execution.reach.isHeard = isHeard;
  const status = {
    succeeded: 4,
    completedIndexes: '0-3',
    conditions: [{ type: 'Complete', status: 'True' }],
  };
  execution.see({ ...made!, status });
  await cover();
  bench.clock.advance(wakes[0] ?? 0);
  await cover();
  expect((await jobs()).map(({ spec }) => spec?.completions)).toEqual([4, lanes]);
  expect(troubles).toEqual(isHeard ? [] : [expect.objectContaining({ code: 'CONTROLLER_OUT_OF_REACH' })]);
});

test('U1: making a wave - a Job of its name that is of another run is refused', async () => {
  await cover();
  const [{ metadata } = expect.fail('there is no Job')] = await jobs();
  const owner = { ownerReferences: [ownerOf('other', 'uid of another')] };
  await api.patch(paths.jobs('ns', metadata.name), { metadata: owner }, { type: 'merge' });
  execution = executionOf();
  await expect(cover()).rejects.toMatchObject({ code: 'FOREIGN_JOB' });
});

test('making a wave - while a Job of its name is being deleted, the step says so and tries again', async () => {
  await cover();
  const [{ metadata } = expect.fail('there is no Job')] = await jobs();
  const path = paths.jobs('ns', metadata.name);
  const deletion = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  await api.patch(path, { metadata: deletion }, { type: 'merge' });
  execution = executionOf();
  await cover();
  expect(execution.refusal).toMatchObject({ reason: 'JobDeleting', waitLimit: 'long' });
  expect(execution.live).toEqual([]);
  expect(wakes).toEqual([1000]);
  bench.server.storage.delete(paths.jobs('ns'), metadata.name);
  await cover();
  expect(execution.refusal).toBeNull();
  expect(execution.live).toHaveLength(1);
});
