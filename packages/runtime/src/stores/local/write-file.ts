/*
 * Writes objects into a folder.
 *
 * 1. A put never opens an object's file: it appears by rename or link, whole, so a reader or a crash sees old
 *    or new. An append adds to the file in place (append-file.ts).
 * 2. `ifAbsent` is a link, which the system makes for one process only; where links do not exist it is a
 *    rename under the lock.
 * 3. `ifMatch` compares and renames under the lock, so of those who give the same etag one wins, in whatever
 *    process. Plain puts and deletes take no lock: one that falls between compare and rename, or into an
 *    append, counts as having come before, and is overwritten, or after, and overwrites.
 * 4. What is to be durable is flushed before it gets its name, and its folder after.
 */
import { link, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { PutOptions } from '../../ports/index.js';
import { appendInPlace } from './append-file.js';
import { etagOf } from './etags.js';
import { errnoOf, isAbsence, storeFailed } from './file-errors.js';
import { lacksLinks } from './file-lock.js';
import { Folders } from './folders.js';
import { KeyLocks } from './key-locks.js';
import { sweepTempFiles } from './sweep-temp-files.js';
import { BodyError, TempFiles, type Content } from './temp-files.js';

/** How the files of a store are written. */
export interface WriteOptions {
  hardLinks: boolean;
  /** Whether what is written to a key is on the disk when its put or append resolves. */
  isDurable: (key: string) => boolean;
  /** Whether its name is flushed as well: without, the object may be as it was before. */
  isNameDurable: (key: string) => boolean;
}

type Outcome = 'moved' | 'linked' | 'refused';

/** The writing half of a folder store. */
export class LocalFileWriter {
  readonly #root: string;
  readonly #temps: TempFiles;
  readonly #locks: KeyLocks;
  readonly #folders = new Folders();
  readonly #isDurable: (key: string) => boolean;
  readonly #isNameDurable: (key: string) => boolean;
  #hardLinks: boolean;

  constructor(root: string, { hardLinks, isDurable, isNameDurable }: WriteOptions) {
    this.#root = root;
    this.#temps = new TempFiles(root, () => sweepTempFiles(this.#temps.dir, this.#locks));
    this.#locks = new KeyLocks(root, this.#temps.dir);
    this.#hardLinks = hardLinks;
    this.#isDurable = isDurable;
    this.#isNameDurable = isNameDurable;
  }

  /** Writes an object; its etag, or null where the condition did not hold. */
  async put(key: string, content: Content, options: PutOptions): Promise<string | null> {
    const path = join(this.#root, key);
    let temp: string | undefined;
    let moved = false;
    try {
      if (options.ifAbsent === true && !(content instanceof Uint8Array) && (await etagAt(path)) !== null)
        return null;
      const durable = this.#isDurable(key);
      const from = (temp = await this.#temps.newPath());
      const etag = await this.#temps.fill(from, content, { durable });
      const commit = async (): Promise<Outcome> => {
        if (options.ifMatch !== undefined)
          return await this.#moveIf(key, from, found => found === options.ifMatch);
        if (options.ifAbsent === true) return await this.#linkAbsent(key, from);
        await rename(from, path);
        return 'moved';
      };
      const outcome = await this.#inDirectory(path, commit);
      moved = outcome === 'moved';
      if (outcome === 'refused') return null;
      if (durable && this.#isNameDurable(key)) await this.#folders.flush(dirname(path));
      return etag;
    } catch (error) {
      throw error instanceof BodyError ? error.cause : storeFailed(error, 'write', { root: this.#root, key });
    } finally {
      if (temp !== undefined && !moved) await unlink(temp).catch(() => undefined);
    }
  }

  /** Adds to an object's file; false where it has to be rewritten instead. */
  async append(key: string, bytes: Uint8Array): Promise<boolean> {
    const path = join(this.#root, key);
    try {
      if (((await stat(path).catch(() => undefined))?.size ?? 0) <= bytes.length) return false;
      await this.#temps.ready();
      const durable = this.#isDurable(key);
      return await this.#locks.run(key, lock => appendInPlace({ key, path, bytes, durable, ...lock }));
    } catch (error) {
      throw storeFailed(error, 'append to', { root: this.#root, key });
    }
  }

  async #linkAbsent(key: string, temp: string): Promise<Outcome> {
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
  async #moveIf(key: string, temp: string, right: (etag: string | null) => boolean): Promise<Outcome> {
    const path = join(this.#root, key);
    return await this.#locks.run(key, async ({ stillHeld }) => {
      if (!right(await etagAt(path))) return 'refused';
      stillHeld();
      await rename(temp, path);
      return 'moved';
    });
  }

  /**
   * Runs `commit` with the directory of `path` made, and empty directories of that name removed: to a store
   * they are nothing.
   */
  async #inDirectory<T>(path: string, commit: () => Promise<T>): Promise<T> {
    const dir = dirname(path);
    for (let attempt = 1; ; attempt++) {
      await this.#folders.make(dir);
      try {
        return await commit();
      } catch (error) {
        if (attempt === 3) throw error;
        if (errnoOf(error) === 'ENOENT') this.#folders.forget(dir);
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
