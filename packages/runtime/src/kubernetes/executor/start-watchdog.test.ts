import { type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KubeBench, frameOf } from '../../../../../test/kit/kube-bench.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { resultsPrefix } from '../../run-store/layout.js';
import type { FileStore, ItemEvent } from '../../ports/index.js';
import type { ResultLine } from '../../run-store/item-results.js';
import { SegmentLog } from '../../run-store/segment-log.js';
import { paths } from '../api/paths.js';
import { JOB_NAME, LABEL } from '../manifests/names.js';
import { KubeApi } from '../api/kube-api.js';
import type { Job } from '../api/objects.js';
import { rejectionOf } from '../diagnosis/rejections.js';
import { clusterSettings } from '../manifests/cluster-settings.js';
import { JobExecution } from './job-execution.js';
import { StartWatchdog } from './start-watchdog.js';

const bench = new KubeBench();
let api: KubeApi;
let store: FileStore;
let told: (string | null)[];
let wakes: number[];
let trouble: unknown[];
let dog: StartWatchdog;
let execution: JobExecution;

const executionOf = (more: Partial<KTJobInput> = {}): JobExecution => {
  const given = { type: 'map', name: 'm', function: 'f.f', items: [1], args: {}, ...more } as KTJobInput;
  const [job] = mustParsePipeline({ name: 'p', jobs: [given] }).jobs;
  const order = { runId: 'r', pipeline: 'p', job: job!, items: 4, itemsPerPod: 1 };
  return new JobExecution(store, order, { work: () => Promise.resolve(), emit: () => undefined });
};
/** The Job of a step, as the cluster has it. */
const jobIs = (status: Job['status'], of = execution, spec: object = {}): void => {
  of.see({
    metadata: { name: `${of.name}-1`, uid: `job-${of.name}` },
    spec: { completions: 4, parallelism: 4, template: { metadata: { labels: {} }, spec: {} }, ...spec },
    ...(status === undefined ? {} : { status }),
  });
};
const labels = { [JOB_NAME]: 'm-1', [LABEL.run]: 'r', [LABEL.component]: 'task' };
const podWaits = (reason: string, message: string, name = 'pod'): void => {
  bench.server.storage.create(paths.pods('ns'), {
    metadata: { name, labels },
    status: {
      phase: 'Pending',
      containerStatuses: [{ name: 'main', state: { waiting: { reason, message } } }],
    },
  });
};
const refused = (message: string): void => {
  bench.server.storage.create(paths.events('ns'), {
    metadata: { name: 'e' },
    involvedObject: { kind: 'Job', uid: 'job-m' },
    reason: 'FailedCreate',
    message,
  });
};
const look = (all: JobExecution[] = [execution]) =>
  dog.look(execution, {
    all,
    room: 2000,
    tell: (event: ItemEvent) => void (event.type === 'JobWaiting' && told.push(event.message)),
    wakeLater: ms => void wakes.push(ms),
  });
/** Looks as often as the watchdog wants, for so long; what it gives up with. */
const lookFor = async (ms: number, all?: JobExecution[]) => {
  const endMs = bench.clock.nowMs() + ms;
  while (bench.clock.nowMs() < endMs) {
    bench.clock.advance(1000);
    const cause = await look(all);
    if (cause !== null) return cause;
  }
  return null;
};

afterEach(() => api.close());
beforeEach(() => {
  api = new KubeApi(bench.connection(), { clock: bench.clock });
  [told, wakes, trouble] = [[], [], []];
  store = memoryFileStore();
  const settings = clusterSettings({ namespace: 'ns', store: 'mem:' });
  const frame = frameOf(settings);
  dog = new StartWatchdog({
    api: api,
    clock: bench.clock,
    frame,
    onTrouble: error => void trouble.push(error),
  });
  execution = executionOf();
});

describe('the watchdog asks the API server for', () => {
  test('nothing while pods are ready, or end one after the other', async () => {
    jobIs({ active: 4, ready: 1 });
    expect(await lookFor(60_000)).toBeNull();
    for (let done = 1; done <= 30; done++) {
      jobIs({ active: 4, ready: 0, succeeded: done });
      await lookFor(1000);
    }
    expect(bench.server.asked).toEqual([]);
  });

  test('nothing in the first two seconds, and is to be woken, once', async () => {
    jobIs({ active: 4, ready: 0 });
    for (let event = 0; event < 20; event++) await look();
    expect(bench.server.asked).toEqual([]);
    expect(wakes).toEqual([2000]);
  });

  test('at most four things a look, however many pods wait', async () => {
    for (let n = 0; n < 600; n++) podWaits('ContainerCreating', '', `pod-${n}`);
    jobIs({ active: 600, ready: 0 }, execution, { completions: 900, parallelism: 900 });
    await lookFor(3000);
    expect(bench.server.asked.length).toBeLessThanOrEqual(4);
    expect(bench.server.askedFor(/limit=500/)).toHaveLength(3);
  });
});

describe('the watchdog tells', () => {
  test('why pods wait, when that changes, and that it is over', async () => {
    jobIs({ active: 0, ready: 0 });
    refused(
      'Error creating: pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
    );
    await lookFor(20_000);
    expect(told).toEqual([expect.stringMatching(/^exceeded quota: q.*\. It goes on when other pods/)]);
    jobIs({ active: 1, ready: 1 });
    await lookFor(1000);
    expect(told.slice(1)).toEqual([null]);
  });

  test('that waiting is over, also where the step is', async () => {
    jobIs({ active: 1, ready: 0 });
    podWaits('ErrImagePull', 'nope: not found');
    await lookFor(3000);
    expect(told).toHaveLength(1);
    dog.over(execution, event => void (event.type === 'JobWaiting' && told.push(event.message)));
    dog.over(execution, () => expect.fail('it is told once'));
    expect(told[1]).toBeNull();
  });

  test('nothing where Kubernetes is only slow, until it is slow for long', async () => {
    jobIs({ active: 1, ready: 0 });
    podWaits('ContainerCreating', '');
    await lookFor(15_000);
    expect(told).toEqual([]);
    await lookFor(15_000);
    expect(told).toEqual([expect.stringContaining('Kubernetes does not say why')]);
  });

  test('that a quota did not let a Job be made', async () => {
    const words =
      'exceeded quota: q, requested: count/jobs.batch=1, used: count/jobs.batch=1, limited: count/jobs.batch=1';
    execution.refuse(rejectionOf(words));
    expect(await lookFor(60_000)).toBeNull();
    expect(told).toEqual([expect.stringMatching(/kt gc/)]);
    expect(bench.server.asked).toEqual([]);
    expect(await lookFor(30 * 60_000)).toMatchObject({ kind: 'NotStarted', reason: 'QuotaExceeded' });
  });
});

describe('the watchdog gives up', () => {
  test('with the words, the remedy and the time', async () => {
    execution = executionOf({ kubernetes: { startTimeout: '30s' } });
    jobIs({ active: 1, ready: 0 });
    podWaits('ErrImagePull', 'nope: not found');
    const cause = await lookFor(60_000);
    expect(cause).toMatchObject({ kind: 'NotStarted', reason: 'ErrImagePull' });
    expect(cause?.message).toMatch(
      /^No pod of step "m" started within 3\d s, because nope: not found\. Correct the name/,
    );
    expect(told.at(-1)).toBeNull();
  });

  test('not while pods start or end now and then', async () => {
    podWaits('ErrImagePull', 'one node cannot fetch it: not found');
    for (let done = 0; done < 20; done++) {
      jobIs({ active: 4, ready: 0, succeeded: done });
      expect(await lookFor(60_000)).toBeNull();
    }
    expect(await lookFor(6 * 60_000)).toMatchObject({ reason: 'ErrImagePull' });
  });

  test('not where the store has a result that nobody told of', async () => {
    execution = executionOf({ kubernetes: { startTimeout: '30s' } });
    jobIs({ active: 1, ready: 0 });
    podWaits('ErrImagePull', 'nope: not found');
    await lookFor(25_000);
    await (await SegmentLog.open<ResultLine>(store, resultsPrefix('r', 'm', 0))).append({ i: 0, n: 1, r: 1 });
    expect(await lookFor(20_000)).toBeNull();
    expect(execution.tally.succeeded).toBe(1);
    expect(await lookFor(60_000)).toMatchObject({ reason: 'ErrImagePull' });
  });

  test('not for waiting for a node while other steps of the run are at work', async () => {
    const other = executionOf({ name: 'other' });
    jobIs({ active: 4, ready: 4 }, other);
    jobIs({ active: 1, ready: 0 });
    bench.server.storage.create(paths.pods('ns'), {
      metadata: { name: 'pod', labels },
      status: {
        phase: 'Pending',
        conditions: [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '1 Insufficient cpu.' },
        ],
      },
    });
    expect(await lookFor(60 * 60_000, [execution, other])).toBeNull();
    jobIs({ active: 0, ready: 0 }, other);
    expect(await lookFor(40 * 60_000, [execution, other])).toMatchObject({ reason: 'Unschedulable' });
  });

  test('with a word on memory, where that was raised', async () => {
    execution.podEnded(0, { kind: 'memory', hasBegun: true, memory: '1Gi' }, bench.clock.nowMs());
    jobIs({ active: 0, ready: 0 });
    refused(
      'Error creating: pods "x" is forbidden: maximum memory usage per Container is 2Gi, but limit is 2252Mi',
    );
    const cause = await lookFor(60_000);
    expect(cause?.message).toMatch(/Its memory was raised from 1Gi to 2048Mi because it ran out of it/);
  });
});

describe('a cluster that does not answer', () => {
  test('holds nothing up, and is no reason to give up', async () => {
    execution = executionOf({ kubernetes: { startTimeout: '5s' } });
    jobIs({ active: 1, ready: 0 });
    podWaits('ErrImagePull', 'nope: not found');
    bench.server.on(/./, { status: 503 });
    expect(await lookFor(60_000)).toBeNull();
    expect(told).toEqual([]);
    bench.server.mend();
    expect(await lookFor(60_000)).toMatchObject({ reason: 'ErrImagePull' });
  });

  test('is told of where it does not let the watchdog look', async () => {
    jobIs({ active: 0, ready: 0 });
    bench.server.on(/events/, {
      status: 403,
      body: { kind: 'Status', code: 403, reason: 'Forbidden', message: 'events is forbidden' },
    });
    expect(await lookFor(10_000)).toBeNull();
    expect(trouble.length).toBeGreaterThan(0);
    expect(told).toEqual([expect.stringContaining('may not list events')]);
  });
});

test('what keeps pods from storing their results - is told until one is stored', async () => {
  jobIs({ active: 4, ready: 4 });
  execution.cannotStore('no space left on device.');
  await lookFor(2000);
  await (await SegmentLog.open<ResultLine>(store, resultsPrefix('r', 'm', 0))).append({ i: 0, n: 1, r: 1 });
  await execution.tally.refresh();
  await lookFor(1000);
  expect(told).toEqual(['no space left on device.', null]);
});

test('WD1: pods that their node has left behind - are deleted, and another that waits is not', async () => {
  const pod = (name: string, state: object, containerID?: string): void =>
    void bench.server.storage.create(paths.pods('ns'), {
      metadata: {
        name,
        labels: { ...labels, 'app.kubernetes.io/managed-by': 'kt' },
      },
      status: { phase: 'Pending', containerStatuses: [{ name: 'main', containerID, state }] },
    });
  for (const name of ['left-1', 'left-2']) pod(name, { waiting: {} }, 'containerd://7da4');
  pod('slow', { waiting: { reason: 'ContainerCreating' } });
  jobIs({ active: 3, ready: 0 });
  const names = () => bench.server.storage.all(paths.pods('ns')).map(({ metadata }) => metadata.name);
  await lookFor(8000);
  expect(names()).toEqual(['left-1', 'left-2', 'slow']);
  await lookFor(20_000);
  expect(names()).toEqual(['slow']);
  expect(told[0]).toContain('the node of pod left-1 has made its container and does not start it');
});
