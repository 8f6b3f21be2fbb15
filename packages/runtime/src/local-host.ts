/** The host of pods in a process of this machine: what all of them are given. */
import type { Pacing } from './executors/pacing.js';
import { openDisk } from './files/disk/open-disk.js';
import { ktFiles } from './files/kt-files.js';
import { OpenedStores } from './files/opened-stores.js';
import { openPosixView } from './files/posix/open-posix-view.js';
import { userStore } from './files/user-store.js';
import { openStore } from './open-store.js';
import type { Clock, FileStore, FunctionCatalog } from './ports/index.js';
import { manifestReader } from './run-store/job-manifest.js';
import type { PodHost } from './worker/pod-host.js';

/** A pod's host without what differs from pod to pod; what functions opened is closed with it. */
export type LocalHost = AsyncDisposable &
  Omit<PodHost, keyof Pacing | 'returned' | 'draining' | 'signal' | 'emit'>;

/**
 * Everything that pods of one process have in common; what user code prints is left alone.
 *
 * @param options `stores`: those that functions find by these URLs instead of what they would open.
 */
export function localHost({
  stores = new Map(),
  ...options
}: {
  store: FileStore;
  clock: Clock;
  catalog: FunctionCatalog;
  stores?: ReadonlyMap<string, FileStore>;
}): LocalHost {
  const { store } = options;
  const disk = openDisk(userStore(store));
  const opened = new OpenedStores(openStore, stores);
  return {
    ...options,
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
