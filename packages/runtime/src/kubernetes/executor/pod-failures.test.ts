import { type FailureCause, type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { KubeBench, frameOf } from '../../../../../test/kit/kube-bench.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import type { JobManifest } from '../../run-store/job-manifest.js';
import { resultsPrefix } from '../../run-store/layout.js';
import type { FileStore } from '../../ports/index.js';
import { readOutcomes, type ResultLine } from '../../run-store/item-results.js';
import { SegmentLog } from '../../run-store/segment-log.js';
import { EXIT_CODE } from '../manifests/exit-codes.js';
import { KubeApi } from '../api/kube-api.js';
import { ANNOTATION, LABEL } from '../manifests/names.js';
import type { ContainerState, Job, Pod } from '../api/objects.js';
import { PodFailures } from './pod-failures.js';
import { clusterSettings } from '../manifests/cluster-settings.js';
import { JobExecution } from './job-execution.js';

const bench = new KubeBench();
let api: KubeApi;
let store: FileStore;
let execution: JobExecution;
let manifest: JobManifest;
let failures: PodFailures;
let waves = 0;

const setUp = (more: Partial<KTJobInput> = {}): void => {
  const given = {
    type: 'map',
    name: 'm',
    function: 'f.f',
    items: [1],
    args: {},
    retries: 5,
    ...more,
  } as KTJobInput;
  const [job] = mustParsePipeline({ name: 'p', jobs: [given] }).jobs;
  manifest = { runId: 'r', job: job!, items: 4, itemsPerPod: 2 } as JobManifest;
  const order = { runId: 'r', pipeline: 'p', job: job!, items: 4, itemsPerPod: 2 };
  execution = new JobExecution(store, order, { work: () => Promise.resolve(), emit: () => undefined });
};
afterEach(() => api.close());
beforeEach(() => {
  api = new KubeApi(bench.connection(), { clock: bench.clock });
  store = memoryFileStore();
  waves = 0;
  looks = [];
  setUp();
  const settings = clusterSettings({ namespace: 'ns', store: 'mem:' });
  const frame = frameOf(settings);
  failures = new PodFailures({ api: api, store, clock: bench.clock, frame });
});

/** When a look was asked for, in milliseconds from now. */
let looks: number[] = [];
const around = { wakeLater: (ms: number): void => void looks.push(ms) };

const jobOf = (name: string, status: Job['status']): Job => ({
  metadata: {
    name,
    uid: name,
    labels: { [LABEL.wave]: name.slice(2) },
    annotations: { [ANNOTATION.pods]: '0-1', [ANNOTATION.memory]: execution.memory },
  },
  ...(status === undefined ? {} : { status }),
});
interface Ended {
  terminated?: Partial<NonNullable<ContainerState['terminated']>>;
  status?: Partial<NonNullable<Pod['status']>>;
}
/** A pod of a wave, for pod 0 of the step. */
const podOf = (job: string, { terminated = {}, status = {} }: Ended, uid = `${job}-0`): Pod => ({
  metadata: {
    name: uid,
    uid,
    labels: { 'batch.kubernetes.io/job-name': job, 'batch.kubernetes.io/job-completion-index': '0' },
  },
  status: {
    phase: 'Failed',
    containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 1, ...terminated } } }],
    ...status,
  },
});
/** One more wave, whose pod 0 ends so; what that means for the step. */
async function wave(ended: Ended): Promise<FailureCause | null> {
  const name = `m-${++waves}`;
  execution.see(jobOf(name, { failedIndexes: '0', failed: 1 }));
  failures.add(podOf(name, ended));
  return failures.handle(execution, manifest, around);
}
/** How long until the next wave. */
const pauseMs = (): number => execution.nextWaveAtMs(bench.clock.nowMs()) - bench.clock.nowMs();
const ends = (exitCode: number, begun: number[] = []): Ended => ({
  terminated: { exitCode, message: JSON.stringify({ begun, message: 'words' }) },
});
const outcomeOf = async (item: number) => (await readOutcomes(store, 'r', 'm')).get(item);

describe('pods that end of their own doing', () => {
  test('cost an attempt of what had begun, once, however often they are looked at', async () => {
    expect(await wave(ends(3, [1]))).toBeNull();
    await failures.handle(execution, manifest, around);
    expect(await outcomeOf(1)).toMatchObject({ attempts: 1, final: false });
    expect(await outcomeOf(0)).toBeUndefined();
  });

  test.each([EXIT_CODE.failed, EXIT_CODE.abort, 0])(
    'with exit code %i, which says that all is decided, cost an attempt where it is not',
    async code => {
      expect(await wave(ends(code, [1]))).toBeNull();
      expect(await outcomeOf(1)).toMatchObject({ attempts: 1, cause: { kind: 'Exited' } });
    },
  );

  test('make the next wave wait, ever longer', async () => {
    const pauses: number[] = [];
    for (let n = 0; n < 3; n++) {
      await wave(ends(3, [1]));
      pauses.push(pauseMs());
    }
    expect(pauses).toEqual([1000, 2000, 4000]);
  });
});

describe('pods whose end costs no attempt', () => {
  test('that ran out of memory - those that follow get more, as long as that may be', async () => {
    const starved = { terminated: { ...ends(137, [1]).terminated, reason: 'OOMKilled' } };
    const given: string[] = [];
    for (let n = 0; n < 3; n++) {
      expect(await wave(starved)).toBeNull();
      given.push(execution.memory);
    }
    expect(given).toEqual(['2048Mi', '4096Mi', '4096Mi']);
    expect(await outcomeOf(1)).toMatchObject({ attempts: 1, interruptions: 2 });
    expect(pauseMs()).toBe(250);
  });

  test('that were disrupted - Kubernetes itself replaces them', async () => {
    const conditions = [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }];
    execution.see(jobOf('m-1', { active: 1 }));
    const pod = podOf('m-1', { ...ends(137, [1]), status: { conditions } });
    expect(failures.add(pod)).toBe(true);
    await failures.handle(execution, manifest, around);
    expect(failures.add(pod)).toBe(false);
    await failures.handle(execution, manifest, around);
    expect(await outcomeOf(1)).toMatchObject({ attempts: 0, interruptions: 1 });
  });

  test('that nobody saw - are asked for once, and not missed', async () => {
    execution.see(jobOf('m-1', { failedIndexes: '0' }));
    expect(await failures.handle(execution, manifest, around)).toBeNull();
    await failures.handle(execution, manifest, around);
    expect(bench.server.askedFor(/pods/)).toHaveLength(1);
    expect(await outcomeOf(1)).toBeUndefined();
  });

  test('whose items were done all the same - are not charged', async () => {
    await (
      await SegmentLog.open<ResultLine>(store, resultsPrefix('r', 'm', 0))
    ).append({ i: 0, n: 1, r: 1 }, { i: 1, n: 1, r: 1 });
    expect(await wave(ends(3, [1]))).toBeNull();
    expect(await outcomeOf(1)).toMatchObject({ final: true, result: 1 });
    expect(execution.tally.isOpen(0)).toBe(false);
  });
});

describe('a step is given up after', () => {
  const until = async (ended: Ended): Promise<{ times: number; cause: FailureCause | null }> => {
    for (let times = 1; times <= 30; times++) {
      const cause = await wave(ended);
      if (cause !== null) return { times, cause };
    }
    return { times: 30, cause: null };
  };

  test('three pods that ended before an item began', async () => {
    expect(await until(ends(1))).toMatchObject({
      times: 3,
      cause: {
        kind: 'NotStarted',
        reason: 'worker',
        message: expect.stringContaining('exit code 1. It said: words'),
      },
    });
  });

  test('three pods of an image without Node', async () => {
    const startError = {
      terminated: {
        exitCode: 128,
        reason: 'StartError',
        message: 'executable file `node` not found in $PATH',
      },
    };
    expect(await until(startError)).toMatchObject({
      times: 3,
      cause: {
        kind: 'NotStarted',
        reason: 'StartError',
        message: expect.stringContaining('The image needs Node'),
      },
    });
  });

  test('three pods that had no memory to begin with', async () => {
    const starved = { terminated: { exitCode: 137, reason: 'OOMKilled' } };
    expect(await until(starved)).toMatchObject({ times: 3, cause: { kind: 'OutOfMemory' } });
  });

  test.each([[1], []])('ten pods whose store failed, with %s begun', async (...begun) => {
    expect(await until(ends(EXIT_CODE.unstored, begun))).toMatchObject({
      times: 10,
      cause: { kind: 'Lost', message: expect.stringContaining('ended 10 times because its store failed') },
    });
    expect(await outcomeOf(1)).toBeUndefined();
  });

  test('more than twenty pods that were taken away with nothing begun', async () => {
    expect(await until(ends(EXIT_CODE.stopped))).toMatchObject({
      times: 21,
      cause: { kind: 'Lost', message: expect.stringContaining('taken away 21 times') },
    });
  });

  test('one pod whose code is not that of the run', async () => {
    const message = JSON.stringify({ begun: [], message: 'somebody changed it' });
    expect(await wave({ terminated: { exitCode: EXIT_CODE.unfit, message } })).toEqual({
      kind: 'NotStarted',
      reason: 'worker',
      message: expect.stringMatching(/^Pod 0 of step "m" has not the code of this run.*somebody changed it/),
    });
    expect(await outcomeOf(0)).toBeUndefined();
  });

  test('three pods that succeeded, as Kubernetes has it, without having done anything', async () => {
    const causes: (FailureCause | null)[] = [];
    for (let n = 1; n <= 3; n++) {
      execution.see(jobOf(`m-${n}`, { completedIndexes: '0', succeeded: 1 }));
      causes.push(await failures.handle(execution, manifest, around));
      expect(await failures.handle(execution, manifest, around)).toBeNull();
    }
    expect(causes).toEqual([null, null, expect.objectContaining({ kind: 'NotStarted' })]);
  });
});

describe('a pod that says which segment was its last', () => {
  const done = (last: number): Ended => ({
    terminated: { exitCode: EXIT_CODE.failed, message: JSON.stringify({ begun: [], last }) },
  });
  const write = async (...lines: ResultLine[]): Promise<void> =>
    (await SegmentLog.open<ResultLine>(store, resultsPrefix('r', 'm', 0))).append(...lines);

  test('PF1: a pod - is believed while that segment is not there, and charged nothing', async () => {
    await write({ i: 0, n: 1, r: 1 });
    for (let look = 0; look < 3; look++) {
      expect(
        look === 0 ? await wave(done(2)) : await failures.handle(execution, manifest, around),
      ).toBeNull();
      expect([[...execution.awaited], looks]).toEqual([[0], Array(look + 1).fill(1000)]);
    }
    await write({ i: 1, n: 1, r: 1 });
    expect(await failures.handle(execution, manifest, around)).toBeNull();
    expect([execution.awaited.size, execution.tally.openPods()]).toEqual([0, [1]]);
    expect((await outcomeOf(1))?.attempts).toBe(1);
  });

  test('PF1: a pod - whose results do not come is no more believed after two minutes', async () => {
    let cause: FailureCause | null = null;
    for (let pods = 1; pods <= 3; pods++) {
      expect(await wave(done(2))).toBeNull();
      bench.clock.advance(120_000);
      cause = await failures.handle(execution, manifest, around);
      expect([execution.awaited.size, cause === null]).toEqual([0, pods < 3]);
    }
    expect(cause?.message).toContain('segment 2 of them is not in the store');
  });

  test('and has written all of it is charged for what is open', async () => {
    await write({ i: 0, n: 1, r: 1 });
    expect(await wave(done(1))).toBeNull();
    expect([execution.awaited.size, looks]).toEqual([0, []]);
  });
});
