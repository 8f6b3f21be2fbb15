import { type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { beforeEach, describe, expect, test } from 'vitest';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import type { JobManifest } from '../../run-store/job-manifest.js';
import { ItemLedger } from '../../worker/item-ledger.js';
import type { FileStore } from '../../ports/index.js';
import { type ItemOutcome, readOutcomes } from '../../run-store/item-results.js';
import { recordPodFailure } from './record-pod-failure.js';
import { DID_NOTHING, type PodTermination } from '../diagnosis/pod-termination.js';

let store: FileStore;
beforeEach(() => {
  store = memoryFileStore();
});

const manifestOf = (more: Partial<KTJobInput> = {}): JobManifest => {
  const given = {
    type: 'map',
    name: 'm',
    function: 'f.f',
    items: [1],
    args: {},
    memory: '1Gi',
    ...more,
  } as KTJobInput;
  const [job] = mustParsePipeline({ name: 'p', jobs: [given] }).jobs;
  return { runId: 'r', job: job!, items: 10, itemsPerPod: 4 } as JobManifest;
};
const crashed: PodTermination = {
  ...DID_NOTHING,
  cause: { kind: 'Exited', message: 'gone', exitCode: 3, signal: null },
};
const end = (more: Partial<PodTermination>): PodTermination => ({
  ...crashed,
  uid: 'u1',
  begun: [4],
  ...more,
});
const evicted: Partial<PodTermination> = { kind: 'disrupted', cause: { kind: 'Evicted', message: 'away' } };
const starved: Partial<PodTermination> = {
  kind: 'memory',
  cause: { kind: 'OutOfMemory', message: 'more', memory: '1Gi' },
};

/** Records the end of pod 1, which has items 4 to 7. */
const record = (of: Partial<PodTermination>, job: Partial<KTJobInput> = {}, memory = '1Gi') =>
  recordPodFailure(store, manifestOf({ retries: 3, ...job }), { pod: 1, end: end(of), memory });
const outcomeOf = async (item: number): Promise<ItemOutcome | undefined> =>
  (await readOutcomes(store, 'r', 'm')).get(item);

describe('a pod that failed is charged to', () => {
  test('what had begun, and nothing else', async () => {
    expect(await record({ begun: [4, 6] })).toBe(true);
    expect([...(await readOutcomes(store, 'r', 'm')).keys()]).toEqual([4, 6]);
    expect(await outcomeOf(4)).toMatchObject({
      attempts: 1,
      final: false,
      cause: { kind: 'Exited', exitCode: 3 },
    });
  });

  test('no item of other pods, whatever the note says', async () => {
    expect(await record({ begun: [0, 3, 8, 99, -1] })).toBe(false);
    expect((await readOutcomes(store, 'r', 'm')).size).toBe(0);
  });

  test('no item that has its result', async () => {
    const ledger = await ItemLedger.open(
      manifestOf(),
      { store, emit: () => undefined, gather: () => Promise.resolve() },
      { pod: 1 },
    );
    ledger.succeed(4, { value: 'there', skipped: false });
    await ledger.settled();
    await record({ begun: [4] });
    expect(await outcomeOf(4)).toMatchObject({ attempts: 1, result: 'there', final: true });
  });

  test.each(['done', 'unstored', 'broken'] as const)('nobody where the pod is %s', async kind => {
    expect(await record({ kind })).toBe(true);
    expect((await readOutcomes(store, 'r', 'm')).size).toBe(0);
  });

  test('the item that was too late; those it took along only lost time', async () => {
    const cause = { kind: 'DeadlineExceeded', message: 'late', timeoutMs: 5 } as const;
    await record({ kind: 'deadline', cause, begun: [4, 5, 6], late: 5 });
    expect(await outcomeOf(5)).toMatchObject({ attempts: 1, cause: { kind: 'DeadlineExceeded' } });
    for (const item of [4, 6])
      expect(await outcomeOf(item)).toMatchObject({
        attempts: 0,
        interruptions: 1,
        cause: { kind: 'Evicted' },
      });
  });
});

describe('an item is charged', () => {
  test('once for each pod that ended, however often that is told', async () => {
    for (let times = 0; times < 3; times++) await record({});
    expect(await outcomeOf(4)).toMatchObject({ attempts: 1 });
    await record({ uid: 'u2' });
    expect(await outcomeOf(4)).toMatchObject({ attempts: 2 });
  });

  test('CH1: the end of a pod - counts once, where two controllers say it at once', async () => {
    await Promise.all([record({}), record({})]);
    expect(await outcomeOf(4)).toMatchObject({ attempts: 1 });
  });

  test('as many attempts as it has, then its failure is final', async () => {
    for (const uid of ['u1', 'u2']) await record({ uid }, { retries: 1 });
    expect(await outcomeOf(4)).toMatchObject({ attempts: 2, final: true });
  });

  test('G2: a disruption - costs no attempt, up to a cap that outlives controllers', async () => {
    for (let n = 0; n < 10; n++) await record({ ...evicted, uid: `u${n}` }, { retries: 0 });
    expect(await outcomeOf(4)).toMatchObject({ attempts: 0, interruptions: 10, final: false });
    await record({ ...evicted, uid: 'one too many' }, { retries: 0 });
    expect(await outcomeOf(4)).toMatchObject({ final: true, cause: { kind: 'Evicted' } });
  });

  test('nothing for memory that can be raised: twice, then it costs', async () => {
    for (const [n, memory] of ['1Gi', '2048Mi'].entries())
      await record({ ...starved, uid: `u${n}` }, { retries: 0 }, memory);
    expect(await outcomeOf(4)).toMatchObject({ attempts: 0, final: false });
    await record({ ...starved, uid: 'third' }, { retries: 0 }, '4096Mi');
    expect(await outcomeOf(4)).toMatchObject({ attempts: 1, final: true, cause: { kind: 'OutOfMemory' } });
  });
});
