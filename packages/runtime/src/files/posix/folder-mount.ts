/**
 * A folder of this machine as a mount. (ZenFS's own Passthrough empties files on append and on positional
 * writes.)
 */
import {
  appendFile,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  rmdir,
  stat,
  truncate,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Mount } from './mount.js';
import { posixError } from './mount.js';

/** A mount of the folder `root`, which exists. */
export function folderMount(root: string): Mount {
  const real = (path: string): string => join(root, path);
  return {
    name: 'folder',
    async entry(path) {
      try {
        const found = await stat(real(path));
        const isDirectory = found.isDirectory();
        return {
          type: isDirectory ? 'directory' : 'file',
          size: isDirectory ? 0 : found.size,
          modifiedMs: found.mtimeMs,
        };
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'ENOENT' || code === 'ENOTDIR') return null;
        throw error;
      }
    },
    async *files(directory) {
      const found = await readdir(real(directory), { recursive: true, withFileTypes: true }).catch(
        (error: unknown) => {
          if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
          throw error;
        },
      );
      for (const entry of found)
        if (entry.isFile()) yield `/${relative(root, join(entry.parentPath, entry.name))}`;
    },
    names: async path => await readdir(real(path)),
    async read(path, range) {
      if (range === undefined) return await readFile(real(path));
      await using file = await open(real(path), 'r');
      const bytes = new Uint8Array(range.end - range.start);
      for (let at = 0; at < bytes.length;) {
        const { bytesRead } = await file.read(bytes, at, bytes.length - at, range.start + at);
        if (bytesRead === 0) return bytes.subarray(0, at);
        at += bytesRead;
      }
      return bytes;
    },
    replace: async (path, bytes) => await writeFile(real(path), bytes),
    append: async (path, bytes) => await appendFile(real(path), bytes),
    async writeAt(path, bytes, at) {
      await using file = await open(real(path), 'r+');
      for (let done = 0; done < bytes.length;) {
        done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
      }
    },
    truncate: async (path, size) => await truncate(real(path), size),
    makeDirectory: async path => void (await mkdir(real(path))),
    removeFile: async path => await unlink(real(path)),
    async removeDirectory(path) {
      if (path === '/') throw posixError('EBUSY', { syscall: 'rmdir', path });
      await rmdir(real(path));
    },
    async removeTree(path) {
      if (path === '/') throw posixError('EBUSY', { syscall: 'rm', path });
      await rm(real(path), { recursive: true });
    },
    rename: async (from, to) => await rename(real(from), real(to)),
  };
}
