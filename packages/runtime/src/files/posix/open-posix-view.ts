/** Opens the node:fs-shaped view of a run when a function first asks for it. */
import type { KtFs } from '@kube-transform/sdk';
import type { FileStore } from '../../ports/index.js';
import { userStore } from '../user-store.js';
import { makeScratchFolder } from '../disk/scratch-folder.js';

/**
 * `ctx.fs` for a process: `/data` is the store, `/scratch` a folder that goes with the process, `/mem`
 * memory. Opened once. What is loaded then shares no module with a worker's start but the SDK: shared ones
 * would be files of their own in a bundle, and each file costs every worker time.
 */
export function openPosixView(store: FileStore): () => Promise<KtFs> {
  let view: Promise<KtFs> | undefined;
  return () =>
    (view ??= (async () => {
      const { posixView } = await import('./posix-view.js');
      return posixView(userStore(store), { scratch: await makeScratchFolder() });
    })());
}
