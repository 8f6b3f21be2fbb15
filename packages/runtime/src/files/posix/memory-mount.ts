/*
 * Memory as a mount.
 *
 * 1. `nodes` holds every file (bytes, never changed in place) and every directory (null) by path; "/" is
 *    always there.
 * 2. Each change is one synchronous step, so concurrent appends all survive.
 */
import { type Mount, parentOf, posixError, resized, spliced } from './mount.js';

interface Node {
  bytes: Uint8Array | null;
  modifiedMs: number;
}

/** An empty mount in memory with these directories. */
export function memoryMount(directories: readonly string[]): Mount {
  const nodes = new Map<string, Node>();
  for (const path of ['/', ...directories]) set(path, null);

  function set(path: string, bytes: Uint8Array | null): void {
    // eslint-disable-next-line no-restricted-syntax -- a stamp
    nodes.set(path, { bytes, modifiedMs: Date.now() });
  }

  function fileAt(path: string, syscall: string): Uint8Array {
    const node = nodes.get(path);
    if (node === undefined) throw posixError('ENOENT', { syscall, path });
    if (node.bytes === null) throw posixError('EISDIR', { syscall, path });
    return node.bytes;
  }

  /** What is below a path, nearest first. */
  function below(path: string): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...nodes.keys()].filter(other => other !== '/' && other.startsWith(prefix)).sort();
  }

  function put(path: string, bytes: Uint8Array): void {
    const parent = nodes.get(parentOf(path));
    if (parent === undefined) throw posixError('ENOENT', { syscall: 'open', path });
    if (parent.bytes !== null) throw posixError('ENOTDIR', { syscall: 'open', path });
    if (nodes.get(path)?.bytes === null) throw posixError('EISDIR', { syscall: 'open', path });
    set(path, bytes);
  }

  return {
    name: 'memory',
    async entry(path) {
      const node = nodes.get(path);
      if (node === undefined) return null;
      return {
        type: node.bytes === null ? 'directory' : 'file',
        size: node.bytes?.length ?? 0,
        modifiedMs: node.modifiedMs,
      };
    },
    async *files(directory) {
      yield* below(directory).filter(path => nodes.get(path)?.bytes != null);
    },
    async names(path) {
      const from = path === '/' ? 1 : path.length + 1;
      return below(path)
        .map(other => other.slice(from))
        .filter(name => !name.includes('/'));
    },
    read: async (path, range) => fileAt(path, 'open').slice(range?.start, range?.end),
    replace: async (path, bytes) => put(path, Uint8Array.from(bytes)),
    async append(path, bytes) {
      const old = nodes.get(path)?.bytes ?? new Uint8Array();
      put(path, spliced(old, bytes, old.length));
    },
    writeAt: async (path, bytes, at) => set(path, spliced(fileAt(path, 'write'), bytes, at)),
    truncate: async (path, size) => set(path, resized(fileAt(path, 'truncate'), size)),
    async makeDirectory(path) {
      if (nodes.has(path)) throw posixError('EEXIST', { syscall: 'mkdir', path });
      set(path, null);
    },
    async removeFile(path) {
      fileAt(path, 'unlink');
      nodes.delete(path);
    },
    async removeDirectory(path) {
      if (path === '/' || directories.includes(path)) throw posixError('EBUSY', { syscall: 'rmdir', path });
      if (below(path).length > 0) throw posixError('ENOTEMPTY', { syscall: 'rmdir', path });
      nodes.delete(path);
    },
    async removeTree(path) {
      if (path === '/' || directories.includes(path)) throw posixError('EBUSY', { syscall: 'rm', path });
      for (const node of [path, ...below(path)]) nodes.delete(node);
    },
    async rename(from, to) {
      if (!nodes.has(from)) throw posixError('ENOENT', { syscall: 'rename', path: from });
      if (from === to) return;
      if (below(to).length > 0) throw posixError('ENOTEMPTY', { syscall: 'rename', path: to });
      for (const path of [from, ...below(from)]) {
        const node = nodes.get(path);
        if (node !== undefined) nodes.set(to + path.slice(from.length), node);
        nodes.delete(path);
      }
    },
  };
}
