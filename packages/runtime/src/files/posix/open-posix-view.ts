/** Opens the node:fs-shaped view of a run when a function first asks for it. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KtFs } from '@kube-transform/sdk';
import type { FileStore } from '../../ports/index.js';

/**
 * `ctx.fs` for a process: `/data` is the store, `/scratch` a temporary folder, `/mem` memory. Opened once.
 */
export function openPosixView(store: FileStore): () => Promise<KtFs> {
  let view: Promise<KtFs> | undefined;
  return () =>
    (view ??= (async () => {
      const { posixView } = await import('./posix-view.js');
      return posixView(store, { scratch: await mkdtemp(join(tmpdir(), 'kt-scratch-')) });
    })());
}
