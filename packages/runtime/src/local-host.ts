/** The host of pods in a process of this machine: what all of them are given. */
import { fileURLToPath } from 'node:url';
import { localRuntime } from './containers/local-runtime.js';
import type { Pacing } from './executors/pacing.js';
import { openDisk } from './files/disk/open-disk.js';
import { ktFiles } from './files/kt-files.js';
import { OpenedStores } from './files/opened-stores.js';
import { openPosixView } from './files/posix/open-posix-view.js';
import { userStore } from './files/user-store.js';
import { openStore } from './open-store.js';
import type { ContainerRuntime } from './ports/containers.js';
import type { Clock, FileStore, FunctionCatalog } from './ports/index.js';
import { manifestReader } from './run-store/job-manifest.js';
import type { PodHost } from './worker/pod-host.js';
import { ContainerRunner } from './worker/run-container.js';
import { ItemRunner } from './worker/run-item.js';

/** A pod's host without what differs from pod to pod; what functions opened is closed with it. */
export type LocalHost = AsyncDisposable &
  Omit<PodHost, keyof Pacing | 'returned' | 'draining' | 'signal' | 'emit'>;

/**
 * Everything that pods of one process have in common; what user code prints is left alone.
 *
 * @param options `stores`: those that functions find by these URLs instead of what they would open.
 */
export function localHost({
  runtime,
  stores = new Map(),
  ...options
}: {
  store: FileStore;
  clock: Clock;
  catalog: FunctionCatalog;
  /** Runs containers. Default: the tool of this machine. */
  runtime?: ContainerRuntime | undefined;
  stores?: ReadonlyMap<string, FileStore>;
}): LocalHost {
  const { store } = options;
  const containers = runtime ?? localRuntime(dataOf(store));
  const disk = openDisk(userStore(store));
  const opened = new OpenedStores(openStore, stores);
  return {
    ...options,
    runnerOf: (step, host, logs) =>
      step.job.container === null
        ? new ItemRunner(step, host, logs)
        : new ContainerRunner(step, host, { logs, runtime: containers }),
    files: ktFiles(store),
    resultCache: new Map(),
    manifests: manifestReader(store),
    echo: () => undefined,
    openFs: openPosixView(store, (url, how) => opened.open(url, how)),
    openStore: async (url, { write = false }, owner) => {
      const other = await opened.open(url, { write });
      const files = ktFiles(other);
      return { ...files, download: async path => disk.download(files.join(path), owner, other) };
    },
    disk,
    within: (_item, work) => work(),
    pause: options.clock.sleep,
    fault: () => undefined,
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

/** Where containers find the files of a store. */
function dataOf({ capabilities: { url, kind } }: FileStore): { folder: string | null; url: string } {
  return {
    folder: kind === 'file' && url !== null ? fileURLToPath(url.replace(/\?.*$/, '')) : null,
    url: url ?? `${kind}:`,
  };
}
