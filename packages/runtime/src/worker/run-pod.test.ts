import { getEventListeners } from 'node:events';
import { type KtContext, ktFunction, mustParsePipeline } from '@kube-transform/sdk';
import { beforeEach, describe, expect, test } from 'vitest';
import { expandJob } from '../engine/expand-job.js';
import { pacing } from '../executors/pacing.js';
import { localHost } from '../local-host.js';
import type { FileStore, ItemEvent } from '../ports/index.js';
import { systemClock } from '../process/system-clock.js';
import { localCatalog } from '../run-pipeline.js';
import { readOutcomes, readResults } from '../run-store/item-results.js';
import { manifestReader, orderOf, readManifest } from '../run-store/job-manifest.js';
import { itemsKey, resultsPrefix, segmentName } from '../run-store/layout.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import type { PodHost } from './pod-host.js';
import { type PodKnowledge, runPod } from './run-pod.js';

const ITEMS = 10;
let store: FileStore;
let calls: number[];
let fails: number | 'all' | null;
const double = ktFunction(async ({ n }: { n: number }, { signal }: KtContext) => {
  signal.throwIfAborted();
  calls.push(n);
  if (n === fails || fails === 'all') throw new Error('the fault of its own');
  return 2 * n;
});

beforeEach(async () => {
  [store, calls, fails] = [memoryFileStore(), [], null];
  const items = Array.from({ length: ITEMS }, (_, n) => n);
  const jobs = [
    { type: 'map' as const, name: 'm', function: 'f.double', items, args: { n: { $ref: 'item#' } } },
  ];
  const [job] = mustParsePipeline({ name: 'p', jobs }).jobs;
  await expandJob({ store, runId: 'r', pipeline: 'p', job: job!, itemsPerPod: () => ITEMS });
});

const catalog = localCatalog(null, { f: { double } });
const hostOf = (more: Partial<PodHost> = {}): PodHost => ({
  ...localHost({ store, clock: systemClock, catalog: catalog }),
  ...pacing(1),
  returned: () => undefined,
  draining: () => false,
  signal: new AbortController().signal,
  emit: () => undefined,
  pause: () => Promise.resolve(),
  ...more,
});
const begin = (more: Partial<PodHost> = {}, known?: PodKnowledge) =>
  runPod({ runId: 'r', job: 'm', pod: 0, crashed: [] }, hostOf(more), known);
const run = async (more: Partial<PodHost> = {}) => {
  const { segment: _, ...outcome } = await begin(more);
  return outcome;
};
const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 50; turns++) await new Promise(resolve => setImmediate(resolve));
};
/** The store, where results wait to be stored until the gate is opened. */
function gated(): { store: FileStore; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>(resolve => (open = resolve));
  const put: FileStore['put'] = async (key, ...rest) => {
    if (key.startsWith(resultsPrefix('r', 'm'))) await opened;
    return store.put(key, ...rest);
  };
  return { store: { ...store, put }, open };
}

describe('a pod', () => {
  test('that is over - leaves nothing at the signal of its process, which runs others', async () => {
    const { signal } = new AbortController();
    await run({ signal });
    expect(calls).toHaveLength(ITEMS);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('P1: what is done - is not done again', async () => {
    const first = await run();
    expect(first).toMatchObject({ succeeded: ITEMS, failed: 0, open: 0 });
    expect(await run()).toEqual(first);
    expect(calls).toHaveLength(ITEMS);
  });

  test('P1: a pod that is told of its step and items, and that it is new - reads nothing, and hands over what it has put', async () => {
    const manifest = (await readManifest(store, 'r', 'm'))!;
    const items = new TextDecoder().decode(await store.get(itemsKey('r', 'm')));
    const reads: string[] = [];
    const counted: FileStore = {
      ...store,
      get: (key, ...rest) => (reads.push(key), store.get(key, ...rest)),
      list: (prefix, ...rest) => (reads.push(prefix), store.list(prefix, ...rest)),
      head: key => (reads.push(key), store.head(key)),
    };
    const known = { step: orderOf(manifest), items, isNew: true };
    const outcome = await begin(
      { ...hostOf(), ...localHost({ store: counted, clock: systemClock, catalog }) },
      known,
    );
    expect(reads).toEqual([]);
    expect(outcome).toMatchObject({ succeeded: ITEMS, last: 1 });
    const stored = await store.get(resultsPrefix('r', 'm', 0) + segmentName(1));
    expect(outcome.segment).toBe(new TextDecoder().decode(stored));
    // Said of a pod that is not new, by mistake: what it does again counts for nothing.
    const again = await begin({}, known);
    expect([again.last, (await readOutcomes(store, 'r', 'm')).size]).toEqual([2, ITEMS]);
  });

  test('items that are not as many as they should be - are read from the store', async () => {
    const manifest = (await readManifest(store, 'r', 'm'))!;
    const known = { step: orderOf(manifest), items: '{"e":1}\n' };
    expect(await begin({}, known)).toMatchObject({ succeeded: ITEMS, failed: 0, open: 0 });
  });

  test('G1, P2: a result - is announced only when it is stored', async () => {
    const events: ItemEvent[] = [];
    const gate = gated();
    const ended = run({ store: gate.store, emit: event => void events.push(event) });
    await settle();
    expect(events.map(({ type }) => type)).not.toContain('ItemSucceeded');
    gate.open();
    await ended;
    expect(events.filter(({ type }) => type === 'ItemSucceeded')).toHaveLength(ITEMS);
  });

  test('P3: no item - is begun while more results wait than may', async () => {
    const gate = gated();
    const ended = run({ store: gate.store, ...pacing(1, 2) });
    await settle();
    expect(calls).toHaveLength(3);
    gate.open();
    expect(await ended).toMatchObject({ succeeded: ITEMS });
  });

  test('P4: two pods of one index - agree on one result for each item', async () => {
    const outcomes = await Promise.all([run(), run()]);
    expect(outcomes.map(({ succeeded, open }) => [succeeded, open])).toEqual([
      [ITEMS, 0],
      [ITEMS, 0],
    ]);
    expect(await readResults(store, 'r', 'm')).toEqual(Array.from({ length: ITEMS }, (_, n) => 2 * n));
  });

  test.each([
    ['one by one', 1, 0, 1],
    ['four at once', 4, 0, 4],
    ['as many as may fail', 1, 2, 3],
  ])(
    'P5: a job that stops at a failure, %s - begins no further item',
    async (_how, lanes, maxFailed, begun) => {
      fails = 'all';
      const manifest = (await manifestReader(store)('r', 'm'))!;
      const job = { ...manifest.job, failFast: true, maxFailed };
      const more = { ...pacing(lanes), manifests: () => Promise.resolve({ ...manifest, job }) };
      const outcome = await run(more);
      expect(calls).toHaveLength(begun);
      expect(outcome).toMatchObject({ failed: begun, open: ITEMS - begun });
      expect(await run(more)).toEqual(outcome);
      expect(calls).toHaveLength(begun);
    },
  );

  test('an item that fails - is tried again, and is final after its last retry', async () => {
    fails = 4;
    expect(await run()).toMatchObject({ succeeded: ITEMS - 1, failed: 1, firstFailure: { item: 4 } });
    const attempts = calls.filter(n => n === 4).length;
    expect((await readOutcomes(store, 'r', 'm')).get(4)).toMatchObject({ attempts, final: true });
  });

  test('a pod that is drained - begins no further item', async () => {
    const outcome = await run({ draining: () => calls.length >= 3 });
    expect(outcome).toMatchObject({ succeeded: 3, open: ITEMS - 3 });
  });
});
