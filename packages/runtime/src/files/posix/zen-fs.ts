/*
 * A mount as a file system of @zenfs/core.
 *
 * 1. An inode number belongs to one path until that is removed or renamed: ZenFS finds the pages of open
 *    files by it.
 * 2. Nothing else is kept here. ZenFS writes an open file back in pieces: `touch` with a smaller size,
 *    `write`, `touch` with the final size.
 */
import type * as Zen from '@zenfs/core';
import { type Mount, type MountEntry, posixError } from './mount.js';

const FILE_MODE = 0o100644;
const DIRECTORY_MODE = 0o040755;

/** A file system that also removes a directory with all in it, in one step of its mount. */
export interface MountedFileSystem extends Zen.FileSystem {
  removeTree(path: string): Promise<void>;
}

/** A file system for ZenFS over a mount; asynchronous calls only, the others throw ENOSYS. */
export function zenFileSystem(zen: typeof Zen, mount: Mount): MountedFileSystem {
  const inodes = new Map<string, number>([['/', 1]]);
  let lastInode = 1;

  function inodeOf(path: string, entry: MountEntry): Zen.InodeLike {
    let ino = inodes.get(path);
    if (ino === undefined) inodes.set(path, (ino = ++lastInode));
    const times = {
      atimeMs: entry.modifiedMs,
      mtimeMs: entry.modifiedMs,
      ctimeMs: entry.modifiedMs,
      birthtimeMs: entry.modifiedMs,
    };
    const mode = entry.type === 'file' ? FILE_MODE : DIRECTORY_MODE;
    return { ino, mode, size: entry.size, nlink: 1, uid: 0, gid: 0, rdev: 0, ...times };
  }

  class MountFileSystem extends zen.FileSystem {
    constructor() {
      super(0x6b74, `kt-${mount.name}`);
      // Reading would otherwise mark a file as changed and write it back.
      this.attributes.set('no_atime', undefined);
    }
    async stat(path: string): Promise<Zen.InodeLike> {
      const entry = await mount.entry(path);
      if (entry === null) throw posixError('ENOENT', { syscall: 'stat', path });
      return inodeOf(path, entry);
    }
    async touch(path: string, metadata: Partial<Zen.InodeLike>): Promise<void> {
      const { size } = metadata;
      const entry = await mount.entry(path);
      if (size !== undefined && entry?.type === 'file' && entry.size !== size)
        await mount.truncate(path, size);
    }
    async createFile(path: string): Promise<Zen.InodeLike> {
      await mount.append(path, new Uint8Array());
      return await this.stat(path);
    }
    async mkdir(path: string): Promise<Zen.InodeLike> {
      await mount.makeDirectory(path);
      return await this.stat(path);
    }
    async unlink(path: string): Promise<void> {
      if ((await this.stat(path)).mode === DIRECTORY_MODE)
        throw posixError('EISDIR', { syscall: 'unlink', path });
      await mount.removeFile(path);
      inodes.delete(path);
    }
    async rmdir(path: string): Promise<void> {
      await mount.removeDirectory(path);
      inodes.delete(path);
    }
    async removeTree(path: string): Promise<void> {
      await mount.removeTree(path);
      for (const other of [...inodes.keys()])
        if (other === path || other.startsWith(`${path}/`)) inodes.delete(other);
    }
    async rename(from: string, to: string): Promise<void> {
      await mount.rename(from, to);
      inodes.delete(to);
      for (const [path, ino] of [...inodes]) {
        if (path !== from && !path.startsWith(`${from}/`)) continue;
        inodes.delete(path);
        inodes.set(to + path.slice(from.length), ino);
      }
    }
    async readdir(path: string): Promise<string[]> {
      return await mount.names(path);
    }
    async link(path: string): Promise<void> {
      throw posixError('ENOSYS', { syscall: 'link', path });
    }
    async sync(): Promise<void> {}
    // eslint-disable-next-line max-params -- the shape is ZenFS's
    async read(path: string, buffer: Uint8Array, start: number, end: number): Promise<void> {
      buffer.set(await mount.read(path, { start, end }));
    }
    async write(path: string, buffer: Uint8Array, offset: number): Promise<void> {
      await mount.writeAt(path, buffer, offset);
    }
    renameSync(path: string): never {
      return synchronous(path);
    }
    statSync(path: string): never {
      return synchronous(path);
    }
    touchSync(path: string): never {
      return synchronous(path);
    }
    createFileSync(path: string): never {
      return synchronous(path);
    }
    unlinkSync(path: string): never {
      return synchronous(path);
    }
    rmdirSync(path: string): never {
      return synchronous(path);
    }
    mkdirSync(path: string): never {
      return synchronous(path);
    }
    readdirSync(path: string): never {
      return synchronous(path);
    }
    linkSync(path: string): never {
      return synchronous(path);
    }
    syncSync(): void {}
    readSync(path: string): never {
      return synchronous(path);
    }
    writeSync(path: string): never {
      return synchronous(path);
    }
  }
  return new MountFileSystem();
}

function synchronous(path: string): never {
  throw posixError('ENOSYS', { syscall: 'synchronous call', path });
}
