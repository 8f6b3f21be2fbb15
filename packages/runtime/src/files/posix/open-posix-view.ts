/** Opens the node:fs-shaped view of a run when a function first asks for it. */
import type { KtFs } from '@kube-transform/sdk';
import type { FileStore } from '../../ports/index.js';

/**
 * `ctx.fs` for a process: `/data` is the store, `/scratch` a folder that goes with the process, `/mem`
 * memory. Opened once.
 */
export function openPosixView(store: FileStore): () => Promise<KtFs> {
  let view: Promise<KtFs> | undefined;
  return () =>
    (view ??= (async () => {
      const { posixView } = await import('./posix-view.js');
      const { makeScratchFolder } = await import('./scratch-folder.js');
      return posixView(store, { scratch: await makeScratchFolder() });
    })());
}
