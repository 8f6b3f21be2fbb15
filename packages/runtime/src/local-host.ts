/** The host of pods in a process of this machine: what all of them are given. */
import { fileURLToPath } from 'node:url';
import { localRuntime } from './containers/local-runtime.js';
import type { Pacing } from './executors/pacing.js';
import { openDisk } from './files/disk/open-disk.js';
import { ktFiles } from './files/kt-files.js';
import { openPosixView } from './files/posix/open-posix-view.js';
import { userStore } from './files/user-store.js';
import type { ContainerRuntime } from './ports/containers.js';
import type { Clock, FileStore, FunctionCatalog } from './ports/index.js';
import { manifestReader } from './run-store/job-manifest.js';
import type { PodHost } from './worker/pod-host.js';
import { ContainerRunner } from './worker/run-container.js';
import { ItemRunner } from './worker/run-item.js';

/** A pod's host without what differs from pod to pod. */
export type LocalHost = Omit<PodHost, keyof Pacing | 'returned' | 'draining' | 'signal' | 'emit'>;

/** Everything that pods of one process have in common; what user code prints is left alone. */
export function localHost({
  runtime,
  ...options
}: {
  store: FileStore;
  clock: Clock;
  catalog: FunctionCatalog;
  /** Runs containers. Default: the tool of this machine. */
  runtime?: ContainerRuntime | undefined;
}): LocalHost {
  const { store } = options;
  const containers = runtime ?? localRuntime(dataOf(store));
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
    openFs: openPosixView(store),
    disk: openDisk(userStore(store)),
    within: (_item, work) => work(),
    pause: options.clock.sleep,
    fault: () => undefined,
  };
}

/** Where containers find the files of a store. */
function dataOf({ capabilities: { url, kind } }: FileStore): { folder: string | null; url: string } {
  return {
    folder: kind === 'file' && url !== null ? fileURLToPath(url.replace(/\?.*$/, '')) : null,
    url: url ?? `${kind}:`,
  };
}
