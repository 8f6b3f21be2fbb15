/** The host of pods in a process of this machine: what all of them are given. */
import type { Pacing } from './executors/pacing.js';
import { openDisk } from './files/disk/open-disk.js';
import { ktFiles } from './files/kt-files.js';
import { openPosixView } from './files/posix/open-posix-view.js';
import { userStore } from './files/user-store.js';
import type { Clock, FileStore, FunctionCatalog } from './ports/index.js';
import { manifestReader } from './run-store/job-manifest.js';
import type { PodHost } from './worker/pod-host.js';

/** A pod's host without what differs from pod to pod. */
export type LocalHost = Omit<PodHost, keyof Pacing | 'returned' | 'draining' | 'signal' | 'emit'>;

/** Everything that pods of one process have in common; what user code prints is left alone. */
export function localHost(options: { store: FileStore; clock: Clock; catalog: FunctionCatalog }): LocalHost {
  const { store } = options;
  return {
    ...options,
    files: ktFiles(store),
    resultCache: new Map(),
    manifests: manifestReader(store),
    echo: () => undefined,
    openFs: openPosixView(store),
    disk: openDisk(userStore(store)),
    within: (_item, work) => work(),
    pause: options.clock.sleep,
    fault: () => undefined,
  };
}
