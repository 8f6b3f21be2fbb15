/** What runs the items of container steps in this process, and calls functions for all others. */
import { fileURLToPath } from 'node:url';
import { localRuntime } from './containers/local-runtime.js';
import type { ContainerRuntime } from './ports/containers.js';
import type { FileStore } from './ports/index.js';
import type { PodHost } from './worker/pod-host.js';
import { ContainerRunner } from './worker/run-container.js';

/** A host that runs containers by a runtime; default: by the tool of this machine. */
export const runsContainers =
  (store: FileStore, runtime: ContainerRuntime = localRuntime(dataOf(store))): PodHost['runnerOf'] =>
  (step, host, logs) =>
    step.job.container === null ? undefined : new ContainerRunner(step, host, { logs, runtime });

/** Where containers find the files of a store. */
function dataOf({ capabilities: { url, kind } }: FileStore): { folder: string | null; url: string } {
  return {
    folder: kind === 'file' && url !== null ? fileURLToPath(url.replace(/\?.*$/, '')) : null,
    url: url ?? `${kind}:`,
  };
}
