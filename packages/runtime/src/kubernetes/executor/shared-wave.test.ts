/** What follows when a pod ends that takes one thing to do after another. */
import { type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KubeBench, frameOf } from '../../../../../test/kit/kube-bench.js';
import { readOutcomes } from '../../run-store/item-results.js';
import type { JobManifest } from '../../run-store/job-manifest.js';
import { resultsPrefix } from '../../run-store/layout.js';
import { SegmentLog } from '../../run-store/segment-log.js';
import type { FileStore } from '../../ports/index.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { KubeApi } from '../api/kube-api.js';
import type { Job, Pod } from '../api/objects.js';
import { clusterSettings } from '../manifests/cluster-settings.js';
import { ANNOTATION, JOB_INDEX, JOB_NAME, LABEL } from '../manifests/names.js';
import { JobExecution } from './job-execution.js';
import { PodFailures } from './pod-failures.js';
import type { Wave } from './waves.js';

const bench = new KubeBench();
let api: KubeApi;
let store: FileStore;
let execution: JobExecution;
let failures: PodFailures;
const given = { type: 'map', name: 'm', function: 'f.f', items: [1], args: {}, retries: 5 } as KTJobInput;
const [job] = mustParsePipeline({ name: 'p', jobs: [given] }).jobs;
/** Six pods of two items each, for a Job of two indexes. */
const order = { runId: 'r', pipeline: 'p', job: job!, items: 12, itemsPerPod: 2 };
beforeEach(() => {
  api = new KubeApi(bench.connection(), { clock: bench.clock });
  store = memoryFileStore();
  execution = new JobExecution(store, order, { work: () => Promise.resolve(), emit: () => undefined });
  const settings = clusterSettings({ namespace: 'ns', store: 'mem:' });
  const frame = frameOf(settings);
  failures = new PodFailures({ api, store, clock: bench.clock, frame });
});
afterEach(() => api.close());

const jobOf = (status: Job['status']): Job => ({
  metadata: {
    name: 'm-1',
    uid: 'm-1',
    labels: { [LABEL.wave]: '1' },
    annotations: { [ANNOTATION.pods]: '0-5', [ANNOTATION.memory]: '1Gi', [ANNOTATION.lanes]: '2' },
  },
  spec: { completions: 2 } as Job['spec'],
  ...(status === undefined ? {} : { status }),
});

/** The wave, whose indexes have been given 0, 2, 3 and 1. */
function shared(): Wave {
  const wave = execution.see(jobOf({}));
  wave.beginAssigning(0);
  const isOpen = (pod: number): boolean => pod > 2;
  expect([wave.assign(0, isOpen, 0), wave.podAt(1)]).toEqual([3, 1]);
  return wave;
}

/** A pod that failed. */
const podOf = (job: string, of: { index: number; note: object; exitCode?: number }): Pod => ({
  metadata: {
    name: 'x',
    uid: `${job}-${of.index}`,
    labels: { [JOB_NAME]: job, [JOB_INDEX]: String(of.index) },
  },
  status: {
    phase: 'Failed',
    containerStatuses: [
      {
        name: 'main',
        state: { terminated: { exitCode: of.exitCode ?? 3, message: JSON.stringify(of.note) } },
      },
    ],
  },
});

/** An index fails, with this note; what the wave still covers. */
async function fails(wave: Wave, note: object, { exitCode = 3, index = 0 } = {}): Promise<number[]> {
  execution.see(jobOf({ failedIndexes: String(index), failed: 1 }));
  failures.add(podOf('m-1', { index, note, exitCode }));
  const around = { wakeLater: () => undefined };
  expect(await failures.handle(execution, order as JobManifest, around)).toBeNull();
  return [...wave.coveredPods()];
}

const outcomeOf = async (item: number): Promise<unknown> => (await readOutcomes(store, 'r', 'm')).get(item);

test('costs an attempt of what it was at, and that goes to another wave', async () => {
  expect(await fails(shared(), { begun: [7], pod: 3 })).toEqual([0, 1, 2, 4, 5]);
  expect(await outcomeOf(7)).toMatchObject({ attempts: 1, final: false });
});

test('without its word, what it had begun tells', async () => {
  expect(await fails(shared(), { begun: [7], deadline: 7 })).toEqual([0, 1, 2, 4, 5]);
  expect(await outcomeOf(7)).toMatchObject({ attempts: 1 });
});

test('what it was given and had not begun goes to another wave, and costs nothing', async () => {
  const log = await SegmentLog.open<object>(store, resultsPrefix('r', 'm', 0));
  await Promise.all([0, 1].map(i => log.append({ i, n: 1, r: i })));
  expect(await fails(shared(), { begun: [], pod: 0, last: 1 }, { exitCode: 137 })).toEqual([0, 1, 2, 4, 5]);
  expect([...(await readOutcomes(store, 'r', 'm')).keys()]).toEqual([0, 1]);
});

test('of a wave that another controller has made, its word tells what it was at', async () => {
  const wave = execution.see(jobOf({}));
  // Nobody else does what was its own.
  expect(await fails(wave, { begun: [9], pod: 4 })).toEqual([1, 2, 3, 5]);
  expect(await outcomeOf(9)).toMatchObject({ attempts: 1 });
});

test('that ended before it asked - is charged to what it would have been given, not to what others are at', async () => {
  const wave = shared();
  // Index 2 was added later; what has its number index 0 was given.
  expect(await fails(wave, { begun: [] }, { index: 2 })).toEqual([0, 1, 2, 3, 5]);
});

test('that end before they ask, wave after wave - the step fails, as another pod cannot help', async () => {
  const causes: unknown[] = [];
  for (let number = 1; number <= 3; number++) {
    const job = jobOf({ failedIndexes: '0,1', failed: 2, conditions: [{ type: 'Failed', status: 'True' }] });
    const { annotations } = job.metadata;
    job.metadata = {
      name: `m-${number}`,
      labels: { [LABEL.wave]: String(number) },
      // None begins with what is its own.
      annotations: { ...annotations, [ANNOTATION.lanes]: '0' },
    };
    execution.see({ ...job, status: {} }).beginAssigning(0);
    execution.see(job);
    for (const index of [0, 1]) failures.add(podOf(job.metadata.name, { index, note: { begun: [] } }));
    causes.push(await failures.handle(execution, order as JobManifest, { wakeLater: () => undefined }));
  }
  expect(causes).toEqual([null, null, expect.objectContaining({ kind: 'NotStarted', reason: 'worker' })]);
});
