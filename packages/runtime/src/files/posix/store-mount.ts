/*
 * A file store as a mount.
 *
 * 1. A change reads the object, edits its bytes and puts them back with `ifMatch`, again if another was
 *    quicker: nothing is lost.
 * 2. A directory exists while objects are below it, or while it is in `made`: those that this view made or
 *    emptied, until removed.
 */
import { isKtError } from '@kube-transform/sdk';
import type { UserStore } from '../user-store.js';
import { type Mount, parentOf, posixError, resized, spliced } from './mount.js';

const DELETE_BATCH = 1000;
/** Node's codes for those of stores. */
const CODES: Record<string, string> = {
  NOT_FOUND: 'ENOENT',
  BAD_PATH: 'EINVAL',
  STORE_READ_ONLY: 'EROFS',
  LIST_UNSUPPORTED: 'ENOSYS',
};

/**
 * A mount of a store. Renaming a directory copies and deletes object by object: not one step, and as slow as
 * its size.
 */
export function storeMount(store: UserStore): Mount {
  const made = new Set(['/']);
  const queues = new Map<string, Promise<unknown>>();

  /** Runs a call on the store; its errors become errors of node's kind. */
  async function ask<T>(syscall: string, path: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      if (!isKtError(error)) throw error;
      const system = (error.cause as NodeJS.ErrnoException | undefined)?.code;
      const code = CODES[error.code] ?? system ?? 'EIO';
      throw posixError(code, { syscall, path }, code === 'ENOENT' ? undefined : error);
    }
  }

  async function* keysBelow(path: string): AsyncGenerator<string> {
    for await (const entry of store.list(path === '/' ? '' : `${keyOf(path)}/`))
      if (entry.type === 'object') yield entry.object.key;
  }

  /** Keeps a directory and those above it, though nothing be below. */
  function keep(path: string): void {
    for (let at = path; at !== '/'; at = parentOf(at)) made.add(at);
  }

  async function isDirectory(path: string): Promise<boolean> {
    if (made.has(path)) return true;
    try {
      return !(await keysBelow(path).next()).done;
    } catch (error) {
      // Where nothing can be listed there are only files.
      if (isKtError(error) && error.code === 'LIST_UNSUPPORTED') return false;
      throw error;
    }
  }

  /** Edits of this process to one file queue; `edit` gets null where there is no file and may throw. */
  async function change(
    path: string,
    syscall: string,
    edit: (old: Uint8Array | null) => Uint8Array,
  ): Promise<void> {
    const work = async (): Promise<void> => {
      while (!(await changeOnce(path, edit)));
    };
    const turn = (queues.get(path) ?? Promise.resolve()).then(work, work);
    queues.set(path, turn);
    await ask(syscall, path, () => turn).finally(() => queues.get(path) === turn && queues.delete(path));
  }

  async function changeOnce(path: string, edit: (old: Uint8Array | null) => Uint8Array): Promise<boolean> {
    const info = await store.head(keyOf(path));
    if (info === null) return (await store.put(keyOf(path), edit(null), { ifAbsent: true })) !== null;
    try {
      return (
        (await store.put(keyOf(path), edit(await store.get(keyOf(path))), { ifMatch: info.etag })) !== null
      );
    } catch (error) {
      if (isKtError(error) && error.code === 'NOT_FOUND') return false;
      throw error;
    }
  }

  async function namesIn(path: string): Promise<string[]> {
    const prefix = path === '/' ? '' : `${keyOf(path)}/`;
    const names = new Set<string>();
    for await (const entry of store.list(prefix, { delimiter: '/' })) {
      names.add(
        entry.type === 'object'
          ? entry.object.key.slice(prefix.length)
          : entry.prefix.slice(prefix.length, -1),
      );
    }
    for (const other of made)
      if (other !== '/' && parentOf(other) === path) names.add(other.slice(other.lastIndexOf('/') + 1));
    return [...names].sort();
  }

  async function moveDirectory(from: string, to: string): Promise<void> {
    let batch: string[] = [];
    for await (const key of keysBelow(from)) {
      await store.copy(key, keyOf(to) + key.slice(keyOf(from).length));
      if (batch.push(key) < DELETE_BATCH) continue;
      await store.delete(batch);
      batch = [];
    }
    await store.delete(batch);
    for (const path of [...made].filter(path => path === from || path.startsWith(`${from}/`))) {
      made.delete(path);
      made.add(to + path.slice(from.length));
    }
  }

  const existing = (path: string, edit: (old: Uint8Array) => Uint8Array) => (old: Uint8Array | null) => {
    if (old === null) throw posixError('ENOENT', { syscall: 'write', path });
    return edit(old);
  };

  return {
    name: 'store',
    entry: async path =>
      await ask('stat', path, async () => {
        const info = path === '/' ? null : await store.head(keyOf(path));
        if (info !== null) return { type: 'file', size: info.size, modifiedMs: info.modifiedMs };
        return (await isDirectory(path)) ? { type: 'directory', size: 0, modifiedMs: 0 } : null;
      }),
    async *files(directory) {
      for await (const key of keysBelow(directory)) yield `/${key}`;
    },
    names: async path => await ask('scandir', path, () => namesIn(path)),
    read: async (path, range) => await ask('open', path, () => store.get(keyOf(path), range)),
    replace: async (path, bytes) => void (await ask('open', path, () => store.put(keyOf(path), bytes))),
    append: async (path, bytes) => await ask('open', path, () => store.append(keyOf(path), bytes)),
    writeAt: async (path, bytes, at) =>
      await change(
        path,
        'write',
        existing(path, old => spliced(old, bytes, at)),
      ),
    truncate: async (path, size) =>
      await change(
        path,
        'truncate',
        existing(path, old => resized(old, size)),
      ),
    async makeDirectory(path) {
      await ask('mkdir', path, async () => store.refuseChange(keyOf(path)));
      if (
        await ask(
          'mkdir',
          path,
          async () => (await store.head(keyOf(path))) !== null || (await isDirectory(path)),
        )
      ) {
        throw posixError('EEXIST', { syscall: 'mkdir', path });
      }
      keep(path);
    },
    async removeFile(path) {
      await ask('unlink', path, () => store.delete([keyOf(path)]));
      keep(parentOf(path));
    },
    async removeDirectory(path) {
      if (path === '/') throw posixError('EBUSY', { syscall: 'rmdir', path });
      const names = await ask('rmdir', path, () => namesIn(path));
      if (names.length > 0) throw posixError('ENOTEMPTY', { syscall: 'rmdir', path });
      made.delete(path);
      keep(parentOf(path));
    },
    async removeTree(path) {
      if (path === '/') throw posixError('EBUSY', { syscall: 'rm', path });
      await ask('rm', path, () => store.deleteBelow(`${keyOf(path)}/`));
      for (const other of made) if (other === path || other.startsWith(`${path}/`)) made.delete(other);
      keep(parentOf(path));
    },
    rename: async (from, to) =>
      await ask('rename', from, async () => {
        if (from === to) return;
        if ((await store.head(keyOf(from))) === null) {
          if ((await namesIn(to)).length > 0) throw posixError('ENOTEMPTY', { syscall: 'rename', path: to });
          await moveDirectory(from, to);
        } else {
          await store.copy(keyOf(from), keyOf(to));
          await store.delete([keyOf(from)]);
        }
        keep(parentOf(from));
      }),
  };
}

/** A store's key of a mount's path. */
function keyOf(path: string): string {
  return path.slice(1);
}
