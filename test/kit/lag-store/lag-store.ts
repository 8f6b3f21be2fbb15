/*
 * A store that lags, fails and forgets as far as the contract of `FileStore` lets a store do, and no further:
 * what relies on a store is right when it is right on this one.
 *
 * Use: `lagStore(memoryFileStore(), { seed, lateBy: 40, misses: { chance: 0.2, forOperations: 30 } })` in
 * place of the store itself; say the seed when a test fails. Each fault is off unless asked for. The seed
 * decides in the order of the calls: the same calls meet the same faults.
 *
 * - Lateness is counted in operations of the store, not in time: whoever looks again sees more.
 * - `powerCut()` ends a store: every later call rejects. What it gives back is the store after the power came
 *   back, with the same options.
 * - Other processes that open the store by its URL meet no faults; what they put is late in listings here.
 */
import { KtError } from '@kube-transform/sdk';
import type { FileStore } from '../../../packages/runtime/src/ports/index.js';
import { chanceOf } from './chance.js';
import { LateListing } from './late-listing.js';
import { type Damage, UnsyncedWrites } from './unsynced.js';

/** Methods that can fail. */
export type StoreCall = Exclude<keyof FileStore, 'capabilities' | typeof Symbol.asyncDispose>;

/** What goes wrong. Each is off unless given. */
export interface LagOptions {
  seed: number;
  /** Listings show a change up to so many operations late, each key on its own. */
  lateBy?: number;
  /** Listings miss keys, each key once, for up to so many operations. */
  misses?: { chance: number; forOperations: number };
  /** Calls that reject with `STORE_FAILED`: how often before they had an effect, and after. */
  fails?: {
    before?: number;
    after?: number;
    /** No more failures than these. Default: no end. */
    atMost?: number;
    only?: (call: StoreCall, key: string) => boolean;
  };
  /** What survives a power cut once it resolved. Default: everything, as with `durability: 'disk'`. */
  isDurable?: (key: string) => boolean;
}

/** What is left after a power cut. */
export interface PowerCut {
  store: LagStore;
  damage: Damage[];
}

/** A store with faults. */
export interface LagStore extends FileStore {
  /** Calls so far. */
  readonly operations: number;
  /** What was done to whom: `fails put a/b before its effect`, … */
  readonly faults: readonly string[];
  /** Lets listings catch up, and puts everything onto the disk. */
  settle(): void;
  /** Cuts the power: this store ends, and what it held may be damaged. */
  powerCut(): Promise<PowerCut>;
  /**
   * Cuts the power with the change after so many more: that one has had its effect, and nobody hears of it.
   * What is given back tells what is left, and cuts the power where it is still on.
   */
  cutPowerAfter(changes: number): () => Promise<PowerCut>;
}

/** Wraps a store. The store itself stays whole but for what a power cut does. */
export function lagStore(store: FileStore, options: LagOptions): LagStore {
  const { seed, lateBy = 0, misses = { chance: 0, forOperations: 0 }, fails = {} } = options;
  const chance = chanceOf(seed);
  const listing = new LateListing(store, { lateBy, misses }, chance);
  const unsynced = new UnsyncedWrites(store, options.isDurable ?? (() => true));
  const faults: string[] = [];
  let operations = 0;
  let failures = 0;
  let isOff = false;
  let cutsAt = Infinity;
  let changesMade = 0;

  function failNow(call: StoreCall, key: string, when: 'before' | 'after'): void {
    if (isOff) throw storeFailed(`the power is off: ${call} ${key}`);
    if (failures >= (fails.atMost ?? Infinity) || fails.only?.(call, key) === false) return;
    if (!chance.happens(fails[when] ?? 0)) return;
    failures++;
    const fault = `fails ${call} ${key} ${when} its effect`;
    faults.push(fault);
    throw storeFailed(`injected: ${fault}`);
  }

  async function reads<T>(call: StoreCall, key: string, read: () => Promise<T>): Promise<T> {
    operations++;
    failNow(call, key, 'before');
    return await read();
  }

  /** A call that changes these keys. */
  async function changes<T>(call: StoreCall, keys: readonly string[], change: () => Promise<T>): Promise<T> {
    const shown = keys[0] ?? '';
    operations++;
    failNow(call, shown, 'before');
    const before = await Promise.all(keys.map(key => store.head(key)));
    await Promise.all(keys.map(key => unsynced.begin(key)));
    if (isOff) throw storeFailed(`the power is off: ${call} ${shown}`);
    const result = await change();
    if (changesMade++ === cutsAt) isOff = true;
    for (const [i, key] of keys.entries()) {
      const after = await store.head(key);
      if (after?.etag !== before[i]?.etag) listing.changed(key, before[i] ?? null, operations);
      listing.became(key, after);
    }
    // A failure after the effect is an answer that was lost: what is to be on the disk is there.
    if (!isOff && call !== 'delete' && call !== 'deleteBelow') keys.forEach(key => unsynced.end(key));
    failNow(call, shown, 'after');
    return result;
  }

  async function keysBelow(prefix: string): Promise<string[]> {
    const keys: string[] = [];
    for await (const entry of store.list(prefix)) if (entry.type === 'object') keys.push(entry.object.key);
    return keys;
  }

  async function powerCut(): Promise<PowerCut> {
    isOff = true;
    const damage = await unsynced.cut(chance);
    return { damage, store: lagStore(store, { ...options, seed: seed + 1 }) };
  }

  return {
    capabilities: store.capabilities,
    get operations() {
      return operations;
    },
    faults,
    settle() {
      listing.settle();
      unsynced.sync();
    },
    powerCut,
    cutPowerAfter(changes) {
      cutsAt = changesMade + changes;
      return powerCut;
    },
    head: async key => await reads('head', key, () => store.head(key)),
    get: async (key, range) => await reads('get', key, () => store.get(key, range)),
    async *stream(key, range) {
      await reads('stream', key, async () => undefined);
      yield* store.stream(key, range);
    },
    put: async (key, body, condition) => await changes('put', [key], () => store.put(key, body, condition)),
    append: async (key, bytes) => await changes('append', [key], () => store.append(key, bytes)),
    async *list(prefix, given) {
      await reads('list', prefix, async () => undefined);
      yield* listing.list(operations, prefix, given);
    },
    delete: async keys => await changes('delete', keys, () => store.delete(keys)),
    deleteBelow: async prefix =>
      await changes('deleteBelow', await keysBelow(prefix), () => store.deleteBelow(prefix)),
    copy: async (from, to) => await changes('copy', [to], () => store.copy(from, to)),
    signedUrl: async (key, grant) => await reads('signedUrl', key, () => store.signedUrl(key, grant)),
    [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose](),
  };
}

function storeFailed(message: string): KtError {
  return new KtError({ code: 'STORE_FAILED', message, path: '', hint: 'This is a test.' });
}
