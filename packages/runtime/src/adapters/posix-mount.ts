/*
 * What a mount of the node:fs-shaped view does, beneath @zenfs/core, which holds the open files' pages.
 *
 * 1. ZenFS writes a file in pieces at close (`write`, then `touch` with its size); a mount keeps no state between these calls.
 * 2. Every inode number belongs to one path as long as the mount lives: ZenFS finds its pages by it.
 */

/** A file or directory of a mount. */
export interface MountEntry {
  type: 'file' | 'directory';
  /** Bytes; 0 for a directory. */
  size: number;
  modifiedMs: number;
}

/**
 * A tree of files by absolute path ("/" is the root). Missing files reject with `code` ENOENT; `change` is one step to everybody.
 */
export interface Mount {
  readonly name: string;
  entry(path: string): Promise<MountEntry | null>;
  names(path: string): Promise<string[]>;
  read(path: string, range: { start: number; end: number }): Promise<Uint8Array>;
  /** Replaces a file's bytes by what `edit` makes of them. */
  change(path: string, edit: (old: Uint8Array) => Uint8Array): Promise<void>;
  create(path: string): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  removeDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
}
