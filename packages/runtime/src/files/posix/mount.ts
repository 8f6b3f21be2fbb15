/** What a mount of the node:fs-shaped view offers, beneath @zenfs/core. */
import { constants } from 'node:os';

/** A file or directory of a mount; a directory's size is 0. */
export interface MountEntry {
  type: 'file' | 'directory';
  /** Bytes. */
  size: number;
  modifiedMs: number;
}

/** A tree of files by absolute path; "/" is its root. All reject with errors that have node's `code`. */
export interface Mount {
  readonly name: string;
  entry(path: string): Promise<MountEntry | null>;
  /** Names directly in a directory. */
  names(path: string): Promise<string[]>;
  /** Paths of all files below a directory; none where there is no such directory. */
  files(directory: string): AsyncIterable<string>;
  read(path: string, range?: { start: number; end: number }): Promise<Uint8Array>;
  /** Replaces a file whole, or makes it. */
  replace(path: string, bytes: Uint8Array): Promise<void>;
  /** Adds to the end of a file, or makes it; loses nothing to others who append. */
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** Writes into a file that exists. */
  writeAt(path: string, bytes: Uint8Array, at: number): Promise<void>;
  truncate(path: string, size: number): Promise<void>;
  makeDirectory(path: string): Promise<void>;
  removeFile(path: string): Promise<void>;
  /** Rejects ENOTEMPTY. */
  removeDirectory(path: string): Promise<void>;
  /** Removes a directory and all in it, but of a link only the link. Rejects EBUSY for the root. */
  removeTree(path: string): Promise<void>;
  /** Moves a file or directory; a file of the new name is replaced. */
  rename(from: string, to: string): Promise<void>;
}

/** ZenFS makes messages of its own from the number. */
const NUMBERS: Record<string, number> = constants.errno;

const MEANING: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EEXIST: 'file already exists',
  EISDIR: 'illegal operation on a directory',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  EINVAL: 'invalid argument',
  ENOSYS: 'function not implemented',
  EBUSY: 'resource busy or locked',
  EIO: 'input/output error',
};

/** An error shaped as node:fs has them. */
export function posixError(
  code: string,
  about: { syscall: string; path: string },
  cause?: unknown,
): NodeJS.ErrnoException {
  const said = cause instanceof Error ? cause.message : (MEANING[code] ?? 'failed');
  return Object.assign(new Error(`${code}: ${said}, ${about.syscall} '${about.path}'`, { cause }), {
    code,
    errno: NUMBERS[code] ?? NUMBERS['EIO'],
    ...about,
  });
}

/** The directory that a path is in. */
export function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

/** `old` with `bytes` written at an offset; a gap is filled with zeros. */
export function spliced(old: Uint8Array, bytes: Uint8Array, at: number): Uint8Array {
  const whole = new Uint8Array(Math.max(old.length, at + bytes.length));
  whole.set(old);
  whole.set(bytes, at);
  return whole;
}

/** `old` cut, or filled with zeros, to a size. */
export function resized(old: Uint8Array, size: number): Uint8Array {
  const whole = new Uint8Array(size);
  whole.set(old.subarray(0, size));
  return whole;
}
