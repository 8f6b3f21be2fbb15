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
import type { Mount } from './mount.js';
import { type Find, pathCalls } from './path-calls.js';
import { storeMount } from './store-mount.js';
import { zenFileSystem } from './zen-fs.js';

export { storeMount };

/** What all views of a process have in common. */
export interface SharedMounts {
  /** `/data`: the store of the run. */
  data: Mount;
  /** `/scratch`: a folder of this machine. */
  scratch: Mount;
  /** `/mem`, and all that is nowhere else. */
  memory: Mount;
  /** How a pattern is matched. */
  find: Find;
}

/** The mounts of a store and of a folder that exists. */
export const sharedMounts = (store: UserStore, scratch: string, find: Find): SharedMounts => ({
  find,
  data: storeMount(store),
  scratch: folderMount(scratch),
  memory: memoryMount(['/data', '/scratch', '/mem']),
});

/**
 * A node:fs-shaped view of these mounts, and of `others` by path.
 *
 * Whole files are held in memory, also by streams. `readFile`, `writeFile` and `appendFile` by path are one
 * step each: one get, one put, and a read with a conditional put. An open handle on a store holds its writes
 * until close and then reads and puts the whole file up to three times; it does not mix with appends to the
 * same file. `writeFile` and `appendFile` make the directories of a file in a store, not elsewhere. `rename`
 * works within a mount (EXDEV otherwise); of a directory of a store it copies and deletes file by file. A
 * directory of a store that `mkdir` made is this process's own until a file is in it. `rm` of a tree goes
 * through no link. The folders of runs are in no mount. No synchronous calls, links or permissions.
 *
 * @throws KtError `ZENFS_MISSING` where the package @zenfs/core is not installed.
 */
export async function posixView(
  { data, scratch, memory, find }: SharedMounts,
  others: Readonly<Record<string, Mount>> = {},
): Promise<KtFs> {
  const zen = await loadZen();
  const root = withPoints(memory, Object.keys(others));
  const mounts: Record<string, Mount> = { ...others, '/data': data, '/scratch': scratch, '/': root };
  const points = Object.fromEntries(
    Object.entries(mounts).map(([point, mount]) => [point, { mount, system: zenFileSystem(zen, mount) }]),
  );
  const systems = Object.fromEntries(Object.entries(points).map(([point, { system }]) => [point, system]));
  const context = zen.bindContext({ root: '/', pwd: '/', credentials: { uid: 0, gid: 0 }, mounts: systems });
  // The library keeps every context for ever in a table that nothing else reads.
  zen.boundContexts.delete(context.id);
  const promises = { ...context.fs.promises, ...pathCalls(points, context.fs.promises, find) };
  return { ...context.fs, promises };
}

/** A mount that shows further directories in its root: what is in them is of other mounts. */
const withPoints = (mount: Mount, points: readonly string[]): Mount => ({
  ...mount,
  entry: async path =>
    points.includes(path) ? { type: 'directory', size: 0, modifiedMs: 0 } : await mount.entry(path),
  names: async path => {
    const names = await mount.names(path);
    return path === '/' ? [...new Set([...names, ...points.map(point => point.slice(1))])].sort() : names;
  },
});

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
