/**
 * The executors that the contract runs on, over a store and the functions of
 * `test/fixtures/functions`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBundle } from '@kube-transform/cli';
import { KtError } from '@kube-transform/sdk';
import { type FileStore, localFileStore, memoryFileStore } from '@kube-transform/runtime';
import {
  type Executor,
  inProcessExecutor,
  localHost,
  localCatalog,
  processPoolExecutor,
  systemClock,
  withinLog,
} from '@kube-transform/runtime/internal';
import * as calls from '../fixtures/functions/calls.js';
import * as hostile from '../fixtures/functions/hostile.js';
import { root } from './sources.js';

/** A store and executors over it. */
export interface Bench {
  store: FileStore;
  /** Items of a job that is too large to be done before it is stopped. */
  many: number;
  executor(): Executor;
  /** Makes puts of matching keys fail, where the store is in this process. */
  breakPuts(keys: RegExp | undefined): void;
  /** Resolves when a run's first item has begun, where executors do not tell that themselves; else never. */
  begun(runId: string): Promise<void>;
  close(): Promise<void>;
}

let bundling: ReturnType<typeof makeBundle> | undefined;
/** The bundle of these functions, made once in a process. */
export const callsBundle = (): ReturnType<typeof makeBundle> =>
  (bundling ??= makeBundle({
    entries: ['calls', 'hostile'].map(name => join(root, `test/fixtures/functions/${name}.ts`)),
    projectDir: root,
  }));

export async function inProcessBench(): Promise<Bench> {
  const memory = memoryFileStore();
  let broken: RegExp | undefined;
  const store: FileStore = {
    ...memory,
    put: async (key, ...rest) => {
      if (broken?.test(key) === true)
        throw new KtError({ code: 'STORE_FAILED', path: key, message: 'No space is left.' });
      return memory.put(key, ...rest);
    },
  };
  const catalog = localCatalog(null, { calls, hostile });
  const executor = (): Executor =>
    inProcessExecutor({
      host: { ...localHost({ store, clock: systemClock, catalog }), within: withinLog },
      concurrency: 4,
    });
  return Promise.resolve({
    store,
    many: 3000,
    executor,
    breakPuts: keys => (broken = keys),
    begun: () => new Promise(() => undefined),
    close: () => Promise.resolve(),
  });
}

export async function processBench(): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'kt-pool-'));
  const store = localFileStore(dir);
  const { worker } = await callsBundle();
  const { url } = store.capabilities;
  return {
    store,
    many: 3000,
    executor: () =>
      processPoolExecutor({ entry: worker, storeUrl: url ?? '', clock: systemClock, workers: 2 }),
    breakPuts: () => undefined,
    begun: () => new Promise(() => undefined),
    close: () => rm(dir, { recursive: true, force: true }),
  };
}
