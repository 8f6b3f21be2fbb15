/**
 * The calls of `fs.promises` that need no open file, as replacements for ZenFS's; what they do not know they
 * leave to it.
 */
import { posix } from 'node:path';
import type { KtFs } from '@kube-transform/sdk';
import type { FileStore, ObjectInfo } from '../../ports/index.js';
import { type Mount, posixError } from './mount.js';
import type { MountedFileSystem } from './zen-fs.js';

type Promises = KtFs['promises'];

/** What is mounted at a path. */
export interface MountPoint {
  mount: Mount;
  system: MountedFileSystem;
}

/** Finds what matches a pattern, sorted. */
export type Find = (files: Listed, pattern: string) => Promise<string[]>;
/** What is listed by keys. */
export type Listed = Pick<FileStore, 'head' | 'list'>;

/** The calls, for a view with these mounts. */
export function pathCalls(
  points: Record<string, MountPoint>,
  zen: Promises,
  find: Find,
): Pick<Promises, 'readFile' | 'writeFile' | 'appendFile' | 'copyFile' | 'rm' | 'glob'> {
  /** Where a path is: a mount, and the path in it. */
  function locate(path: string): { point: MountPoint | undefined; inside: string } {
    const full = posix.resolve('/', path);
    const at = Object.keys(points).find(at => full === at || full.startsWith(`${at}/`)) ?? '/';
    return { point: points[at], inside: at === '/' ? full : full.slice(at.length) || '/' };
  }

  /** What failed, with the path as the caller wrote it. */
  function named(error: unknown, about: { syscall: string; path: string }): unknown {
    const { code, cause } = error as NodeJS.ErrnoException;
    return code === undefined ? error : posixError(code, about, cause);
  }

  /** Runs `call` on the mount of a path. */
  async function on<T>(path: string, call: (mount: Mount, inside: string) => Promise<T>): Promise<T> {
    try {
      const { point, inside } = locate(path);
      if (inside === '/') throw posixError('EISDIR', { syscall: 'open', path });
      if (point === undefined) throw posixError('ENOENT', { syscall: 'open', path });
      return await call(point.mount, inside);
    } catch (error) {
      throw named(error, { syscall: 'open', path });
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
        // eslint-disable-next-line no-restricted-syntax -- the arguments that it was called with
        return void (await (zen[other] as (...args: unknown[]) => Promise<void>)(path, data, ...options));
      await on(path, async (mount, inside) => {
        if ((await mount.entry(inside))?.type === 'directory')
          throw posixError('EISDIR', { syscall: 'open', path });
        await mount[own](inside, typeof data === 'string' ? Buffer.from(data) : data);
      });
    };
  }

  /** A tree goes in one step: ZenFS would walk it, through links. */
  async function rm(path: string, options?: { recursive?: boolean; force?: boolean }): Promise<void> {
    if (typeof path === 'string' && options?.recursive === true) {
      const { point, inside } = locate(path);
      try {
        if ((await point?.mount.entry(inside))?.type === 'directory') {
          await point?.system.removeTree(inside);
          return;
        }
      } catch (error) {
        throw named(error, { syscall: 'rm', path });
      }
    }
    await zen.rm(path, options);
  }

  /** Files below a mount; what may be in several mounts, and options, are ZenFS's. */
  async function* glob(pattern: string, ...options: unknown[]): AsyncGenerator<string, void> {
    const [, first = ''] = /^(\/[^/*?[\]{}\\]+)\//.exec(pattern) ?? [];
    const at = points[first] === undefined ? '' : first;
    const point = points[at === '' ? '/' : at];
    if (first === '' || point === undefined || options.length > 0) {
      // eslint-disable-next-line no-restricted-syntax -- the arguments that it was called with
      yield* (zen.glob as (...args: unknown[]) => AsyncIterable<string>)(pattern, ...options);
      return;
    }
    try {
      for (const key of await find(listed(point.mount), pattern.slice(at.length + 1))) yield `${at}/${key}`;
    } catch (error) {
      throw named(error, { syscall: 'glob', path: pattern });
    }
  }

  const writeFile = writing('replace', 'writeFile');
  return {
    readFile,
    rm,
    glob,
    writeFile,
    appendFile: writing('append', 'appendFile'),

    copyFile: async (from, to, ...mode: unknown[]) =>
      mode.length > 0
        ? // eslint-disable-next-line no-restricted-syntax -- the arguments that it was called with
          await (zen.copyFile as (...args: unknown[]) => Promise<void>)(from, to, ...mode)
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

/** The files of a mount as a store lists them. */
function listed(mount: Mount): Listed {
  const info = (key: string): ObjectInfo => ({ key, size: 0, modifiedMs: 0, etag: '' });
  return {
    head: async key => ((await mount.entry(`/${key}`))?.type === 'file' ? info(key) : null),
    async *list(prefix) {
      for await (const path of mount.files(`/${prefix}`.replace(/(?<=.)\/$/, '')))
        yield { type: 'object', object: info(path.slice(1)) };
    },
  };
}
