/**
 * The executors that the contract runs on, over a store and the functions of
 * `test/fixtures/functions`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
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
import { RemoteExecutor } from '../../packages/runtime/src/executors/remote-executor.js';
import * as calls from '../fixtures/functions/calls.js';
import * as hostile from '../fixtures/functions/hostile.js';
import { lagStore } from './lag-store/lag-store.js';
import { root } from './sources.js';

/** A store and executors over it. The store lists as late as any may, and with gaps. */
export interface Bench {
  store: FileStore;
  /** The same, with listings that are up to date. */
  fresh: FileStore;
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

/** A store whose listings lag. */
export const lagging = (store: FileStore): FileStore =>
  lagStore(store, { seed: 7, lateBy: 60, misses: { chance: 0.3, forOperations: 40 } });

export async function inProcessBench(): Promise<Bench> {
  const memory = memoryFileStore();
  let broken: RegExp | undefined;
  const fresh: FileStore = {
    ...memory,
    put: async (key, ...rest) => {
      if (broken?.test(key) === true)
        throw new KtError({ code: 'STORE_FAILED', path: key, message: 'No space is left.' });
      return memory.put(key, ...rest);
    },
  };
  const store = lagging(fresh);
  const catalog = localCatalog(null, { calls, hostile });
  const executor = (): Executor =>
    inProcessExecutor({
      host: { ...localHost({ store, clock: systemClock, catalog }), within: withinLog },
      concurrency: 4,
    });
  return Promise.resolve({
    store,
    fresh,
    many: 3000,
    executor,
    breakPuts: keys => (broken = keys),
    begun: () => new Promise(() => undefined),
    close: () => Promise.resolve(),
  });
}

export async function processBench(): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'kt-pool-'));
  const fresh = localFileStore(dir);
  const { worker } = await callsBundle();
  const { url } = fresh.capabilities;
  return {
    store: lagging(fresh),
    fresh,
    many: 3000,
    executor: () =>
      processPoolExecutor({ entry: worker, storeUrl: url ?? '', clock: systemClock, workers: 2 }),
    breakPuts: () => undefined,
    begun: () => new Promise(() => undefined),
    close: () => rm(dir, { recursive: true, force: true }),
  };
}

/** A process as it runs beside a controller. */
export interface Beside {
  readonly child: ChildProcess;
  readonly port: number;
}

/** Starts what runs steps beside a controller. */
export async function startBeside(storeUrl: string, given?: number): Promise<Beside> {
  const { dir, digest } = await callsBundle();
  const port = given ?? (await freePort());
  const env = {
    PATH: process.env['PATH'],
    KT_BESIDE: String(port),
    KT_DIGEST: digest,
    KT_STORE: storeUrl,
  };
  const child = spawn(process.execPath, [join(dir, 'controller.mjs')], { env, stdio: 'ignore' });
  return { child, port };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** An executor whose work a process beside this one does. */
export async function besideBench(): Promise<Bench> {
  const dir = await mkdtemp(join(tmpdir(), 'kt-beside-'));
  const fresh = localFileStore(dir);
  const { child, port } = await startBeside(fresh.capabilities.url ?? '');
  return {
    store: lagging(fresh),
    fresh,
    many: 3000,
    executor: () => new RemoteExecutor({ connect: () => connect(port, '127.0.0.1'), clock: systemClock }),
    breakPuts: () => undefined,
    begun: () => new Promise(() => undefined),
    close: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(dir, { recursive: true, force: true });
    },
  };
}
