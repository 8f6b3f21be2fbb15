/*
 * The node:fs-shaped view of a run, for libraries that want an `fs`.
 *
 * 1. Every view has a ZenFS context and file systems of its own, so views do not see each other's mounts.
 * 2. Whole-file calls by path go straight to the mount, in one step; everything else (handles, streams,
 *    directories) goes through ZenFS.
 */
import { posix } from 'node:path';
import { KtError, type KtFs } from '@kube-transform/sdk';
import type { FileStore } from '../../ports/index.js';
import { folderMount } from './folder-mount.js';
import { memoryMount } from './memory-mount.js';
import { type Mount, posixError } from './mount.js';
import { storeMount } from './store-mount.js';
import { zenFileSystem } from './zen-fs.js';

type Promises = KtFs['promises'];

/**
 * A node:fs-shaped view: `/data` is the store, `/scratch` the folder `options.scratch` of this machine, which
 * exists, `/mem` and the rest memory.
 *
 * Whole files are held in memory, also by streams. `readFile`, `writeFile` and `appendFile` by path are one
 * step each: one get, one put, and a read with a conditional put. An open handle on `/data` holds its writes
 * until close and then reads and puts the whole file up to three times; it does not mix with appends to the
 * same file. `writeFile` and `appendFile` make the directories of a file on `/data`, not elsewhere. `rename`
 * works within a mount (EXDEV otherwise); of a directory on `/data` it copies and deletes file by file. A
 * directory on `/data` that `mkdir` made is this view's own until a file is in it. No synchronous calls,
 * links or permissions.
 *
 * @throws KtError `ZENFS_MISSING` where the package @zenfs/core is not installed.
 */
export async function posixView(store: FileStore, options: { scratch: string }): Promise<KtFs> {
  const zen = await loadZen();
  const mounts: Record<string, Mount> = {
    '/data': storeMount(store),
    '/scratch': folderMount(options.scratch),
    '/': memoryMount(['/data', '/scratch', '/mem']),
  };
  const systems = Object.fromEntries(
    Object.entries(mounts).map(([point, mount]) => [point, zenFileSystem(zen, mount)]),
  );
  const context = zen.bindContext({ root: '/', pwd: '/', credentials: { uid: 0, gid: 0 }, mounts: systems });
  // The library keeps every context for ever in a table that nothing else reads.
  zen.boundContexts.delete(context.id);
  const promises = { ...context.fs.promises, ...wholeFileCalls(mounts, context.fs.promises) };
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

/** The calls that need no open file, as replacements for ZenFS's; what they do not know they leave to it. */
function wholeFileCalls(
  mounts: Record<string, Mount>,
  zen: Promises,
): Pick<Promises, 'readFile' | 'writeFile' | 'appendFile' | 'copyFile'> {
  /** Runs `call` on the mount of a path; errors name the path as the caller wrote it. */
  async function on<T>(path: string, call: (mount: Mount, inside: string) => Promise<T>): Promise<T> {
    const full = posix.resolve('/', path);
    const point = Object.keys(mounts).find(point => full === point || full.startsWith(`${point}/`)) ?? '/';
    const inside = point === '/' ? full : full.slice(point.length) || '/';
    try {
      if (inside === '/') throw posixError('EISDIR', { syscall: 'open', path });
      const mount = mounts[point];
      if (mount === undefined) throw posixError('ENOENT', { syscall: 'open', path });
      return await call(mount, inside);
    } catch (error) {
      const { code, cause } = error as NodeJS.ErrnoException;
      throw code === undefined ? error : posixError(code, { syscall: 'open', path }, cause);
    }
  }

  async function readFile(path: string, options?: unknown): Promise<never> {
    const encoding = encodingOf(options);
    if (typeof path !== 'string' || encoding === undefined)
      return await (zen.readFile as (...args: unknown[]) => Promise<never>)(path, options);
    const bytes = await on(path, async (mount, inside) => {
      if ((await mount.entry(inside))?.type === 'directory')
        throw posixError('EISDIR', { syscall: 'open', path });
      return await mount.read(inside);
    });
    return (encoding === null ? bytes : Buffer.from(bytes).toString('utf8')) as never;
  }

  /** `writeFile` or `appendFile`: by path with no flags, straight to the mount. */
  function writing(own: 'replace' | 'append', other: 'writeFile' | 'appendFile') {
    return async (path: string, data: string | Uint8Array, ...options: unknown[]): Promise<void> => {
      const plain =
        typeof path === 'string' &&
        (typeof data === 'string' || data instanceof Uint8Array) &&
        encodingOf(options[0]) !== undefined;
      if (!plain)
        return void (await (zen[other] as (...args: unknown[]) => Promise<void>)(path, data, ...options));
      await on(path, async (mount, inside) => {
        if ((await mount.entry(inside))?.type === 'directory')
          throw posixError('EISDIR', { syscall: 'open', path });
        await mount[own](inside, typeof data === 'string' ? Buffer.from(data) : data);
      });
    };
  }

  const writeFile = writing('replace', 'writeFile');
  return {
    readFile,
    writeFile,
    appendFile: writing('append', 'appendFile'),
    copyFile: async (from, to, ...mode: unknown[]) =>
      mode.length > 0
        ? await (zen.copyFile as (...args: unknown[]) => Promise<void>)(from, to, ...mode)
        : await writeFile(to, await readFile(from)),
  };
}

/**
 * The encoding asked for: null for none; undefined where the options hold more than an encoding, or another
 * one than UTF-8.
 */
function encodingOf(options: unknown): 'utf8' | null | undefined {
  if (options === undefined || options === null) return null;
  const named =
    typeof options === 'string'
      ? options
      : Object.keys(options).every(key => key === 'encoding')
        ? (options as { encoding?: unknown }).encoding
        : '';
  if (named === null || named === undefined) return null;
  return named === 'utf8' || named === 'utf-8' ? 'utf8' : undefined;
}
