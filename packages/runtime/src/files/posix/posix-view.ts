/*
 * The node:fs-shaped view of a run, for libraries that want an `fs`.
 *
 * 1. Every view has a ZenFS context and file systems of its own, so views do not see each other's mounts.
 * 2. Calls for whole files and whole trees go straight to the mount, in one step (path-calls.ts); everything
 *    else (handles, streams, directories) goes through ZenFS.
 */
import { KtError, type KtFs } from '@kube-transform/sdk';
import type { UserStore } from '../user-store.js';
import { folderMount } from './folder-mount.js';
import { memoryMount } from './memory-mount.js';
import { pathCalls } from './path-calls.js';
import { storeMount } from './store-mount.js';
import { zenFileSystem } from './zen-fs.js';

/**
 * A node:fs-shaped view: `/data` is the store, `/scratch` the folder `options.scratch` of this machine, which
 * exists, `/mem` and the rest memory.
 *
 * Whole files are held in memory, also by streams. `readFile`, `writeFile` and `appendFile` by path are one
 * step each: one get, one put, and a read with a conditional put. An open handle on `/data` holds its writes
 * until close and then reads and puts the whole file up to three times; it does not mix with appends to the
 * same file. `writeFile` and `appendFile` make the directories of a file on `/data`, not elsewhere. `rename`
 * works within a mount (EXDEV otherwise); of a directory on `/data` it copies and deletes file by file. A
 * directory on `/data` that `mkdir` made is this view's own until a file is in it. `rm` of a tree goes
 * through no link. The folders of runs are not on `/data`. No synchronous calls, links or permissions.
 *
 * @throws KtError `ZENFS_MISSING` where the package @zenfs/core is not installed.
 */
export async function posixView(store: UserStore, options: { scratch: string }): Promise<KtFs> {
  const zen = await loadZen();
  const mounts = {
    '/data': storeMount(store),
    '/scratch': folderMount(options.scratch),
    '/': memoryMount(['/data', '/scratch', '/mem']),
  };
  const points = Object.fromEntries(
    Object.entries(mounts).map(([point, mount]) => [point, { mount, system: zenFileSystem(zen, mount) }]),
  );
  const systems = Object.fromEntries(Object.entries(points).map(([point, { system }]) => [point, system]));
  const context = zen.bindContext({ root: '/', pwd: '/', credentials: { uid: 0, gid: 0 }, mounts: systems });
  // The library keeps every context for ever in a table that nothing else reads.
  zen.boundContexts.delete(context.id);
  const promises = { ...context.fs.promises, ...pathCalls(points, context.fs.promises) };
  return { ...context.fs, promises };
}

async function loadZen(): Promise<typeof import('@zenfs/core')> {
  try {
    return await import('@zenfs/core');
  } catch (cause) {
    if (!String((cause as { code?: unknown }).code).includes('MODULE_NOT_FOUND')) throw cause;
    const message =
      'The node:fs-shaped view (`ctx.fs()`) needs the package @zenfs/core, which is not installed.';
    throw new KtError(
      {
        code: 'ZENFS_MISSING',
        message,
        path: '',
        hint: 'Run `npm install @zenfs/core`, or use `ctx.files`.',
      },
      { cause },
    );
  }
}
