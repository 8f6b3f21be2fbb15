/*
 * Puts objects into a folder.
 *
 * 1. An object's file is never opened for writing: it appears by rename or link, whole, so a reader or a
 *    crash sees old or new.
 * 2. `ifAbsent` is a link, which the system makes for one process only; where links do not exist it is a
 *    rename under the lock.
 * 3. `ifMatch` compares and renames under the lock, so of those who give the same etag one wins, in whatever
 *    process. Plain puts and deletes take no lock: one that falls between compare and rename counts as having
 *    come before, and is overwritten.
 */
import { link, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PutOptions } from '../../ports/index.js';
import { sha256Hex } from './process-identity.js';
import { errnoOf, isAbsence, storeFailed } from './file-errors.js';
import { makeFolder } from './make-folder.js';
import { lacksLinks, withLockFile } from './file-lock.js';
import { BodyError, etagOf, TempFiles, type Content } from './temp-files.js';

/** Directories remembered as existing; beyond it the memory begins anew. */
const DIRECTORIES_KNOWN = 10_000;

/** The writing half of a folder store. */
export class LocalFileWriter {
  readonly #root: string;
  readonly #temps: TempFiles;
  #hardLinks: boolean;
  readonly #directories = new Set<string>();
  /**
   * Conditional puts of this process on one key queue here, so that they do not poll for each other's lock.
   */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(root: string, hardLinks: boolean) {
    this.#root = root;
    this.#temps = new TempFiles(root);
    this.#hardLinks = hardLinks;
  }

  /** Writes an object; its etag, or null where the condition did not hold. */
  async put(key: string, content: Content, options: PutOptions): Promise<string | null> {
    const path = join(this.#root, key);
    let temp: string | undefined;
    let moved = false;
    try {
      if (options.ifAbsent === true && !(content instanceof Uint8Array) && (await etagAt(path)) !== null)
        return null;
      const from = (temp = await this.#temps.newPath());
      const etag = await this.#temps.fill(from, content);
      const commit = async (): Promise<'moved' | 'linked' | 'refused'> => {
        if (options.ifMatch !== undefined)
          return await this.#moveIf(key, from, found => found === options.ifMatch);
        if (options.ifAbsent === true) return await this.#linkAbsent(key, from);
        await rename(from, path);
        return 'moved';
      };
      const outcome = await this.#inDirectory(path, commit);
      moved = outcome === 'moved';
      return outcome === 'refused' ? null : etag;
    } catch (error) {
      throw error instanceof BodyError ? error.cause : storeFailed(error, 'write', { root: this.#root, key });
    } finally {
      if (temp !== undefined && !moved) await unlink(temp).catch(() => undefined);
    }
  }

  async #linkAbsent(key: string, temp: string): Promise<'moved' | 'linked' | 'refused'> {
    const path = join(this.#root, key);
    if (this.#hardLinks) {
      try {
        await link(temp, path);
        return 'linked';
      } catch (error) {
        if (errnoOf(error) === 'EEXIST') {
          if ((await stat(path).catch(() => undefined))?.isDirectory() === true) throw isDirectory(path);
          return 'refused';
        }
        if (!lacksLinks(error)) throw error;
        this.#hardLinks = false;
      }
    }
    return await this.#moveIf(key, temp, found => found === null);
  }

  /** Renames under the key's lock, if the etag found there is right. */
  async #moveIf(
    key: string,
    temp: string,
    right: (etag: string | null) => boolean,
  ): Promise<'moved' | 'refused'> {
    const path = join(this.#root, key);
    const name = `lock-${sha256Hex(key).slice(0, 32)}`;
    return await this.#queued(name, () =>
      withLockFile(this.#temps.dir, name, async stillHeld => {
        if (!right(await etagAt(path))) return 'refused';
        stillHeld();
        await rename(temp, path);
        return 'moved';
      }),
    );
  }

  async #queued<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#queues.get(name) ?? Promise.resolve()).then(work, work);
    this.#queues.set(name, turn);
    try {
      return await turn;
    } finally {
      if (this.#queues.get(name) === turn) this.#queues.delete(name);
    }
  }

  /**
   * Runs `commit` with the directory of `path` made, and empty directories of that name removed: to a store
   * they are nothing.
   */
  async #inDirectory<T>(path: string, commit: () => Promise<T>): Promise<T> {
    const dir = dirname(path);
    for (let attempt = 1; ; attempt++) {
      if (!this.#directories.has(dir)) {
        await makeFolder(dir);
        if (this.#directories.size >= DIRECTORIES_KNOWN) this.#directories.clear();
        this.#directories.add(dir);
      }
      try {
        return await commit();
      } catch (error) {
        if (attempt === 3) throw error;
        if (errnoOf(error) === 'ENOENT') this.#directories.delete(dir);
        else if (errnoOf(error) !== 'EISDIR' || !(await removeEmpty(path))) throw error;
      }
    }
  }
}

/** The etag of the file at `path`, or null where there is none. */
async function etagAt(path: string): Promise<string | null> {
  try {
    const file = await stat(path, { bigint: true });
    return file.isDirectory() ? null : etagOf(file);
  } catch (error) {
    if (isAbsence(error)) return null;
    throw error;
  }
}

function isDirectory(path: string): Error {
  return Object.assign(new Error(`EISDIR: illegal operation on a directory, '${path}'`), { code: 'EISDIR' });
}

/** Removes a directory in which there is no file, however deep; false where there is one. */
async function removeEmpty(dir: string): Promise<boolean> {
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    if (!entry.isDirectory() || !(await removeEmpty(join(dir, entry.name)))) return false;
  }
  await rmdir(dir).catch(() => undefined);
  return true;
}
