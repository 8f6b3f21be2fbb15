/*
 * The folders of a store: made when they are first needed, flushed to the disk for those who ask.
 *
 * 1. Group commit: while a folder is being flushed, those who come gather for the next flush of it, and share
 *    that one.
 * 2. A folder's own name is flushed too, up to the root of the disk; once, as folders seldom change.
 */
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './file-errors.js';
import { makeFolder } from './make-folder.js';

/** Folders remembered; beyond it the memory begins anew. */
const KNOWN = 10_000;

/** What systems say that flush no folders, and folders above the store that may not be opened. */
const NOT_FLUSHED = ['EINVAL', 'EISDIR', 'EBADF', 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** The folders that one store has made or flushed. */
export class Folders {
  readonly #made = new Set<string>();
  readonly #named = new Set<string>();
  readonly #gathering = new Map<string, Promise<void>>();
  readonly #last = new Map<string, Promise<void>>();

  /** Makes a folder and those above it, unless it is known to be there. */
  async make(dir: string): Promise<void> {
    if (this.#made.has(dir)) return;
    await makeFolder(dir);
    remember(this.#made, dir);
  }

  /** Forgets a folder that was found to be gone. */
  forget(dir: string): void {
    this.#made.delete(dir);
    this.#named.delete(dir);
  }

  /** Resolves when what is in a folder at this moment is on the disk under its names. */
  async flush(dir: string): Promise<void> {
    const above: string[] = [];
    for (let at = dir; !this.#named.has(at) && dirname(at) !== at; at = dirname(at)) above.push(at);
    await Promise.all([dir, ...above.map(dirname)].map(each => this.#flushOne(each)));
    for (const each of above) remember(this.#named, each);
  }

  #flushOne(dir: string): Promise<void> {
    const gathering = this.#gathering.get(dir);
    if (gathering !== undefined) return gathering;
    const begin = (): Promise<void> => {
      this.#gathering.delete(dir);
      return flushFolder(dir);
    };
    const flush = (this.#last.get(dir) ?? Promise.resolve()).then(begin, begin);
    this.#gathering.set(dir, flush);
    this.#last.set(dir, flush);
    const done = (): void => {
      if (this.#last.get(dir) === flush) this.#last.delete(dir);
    };
    flush.then(done, done);
    return flush;
  }
}

function remember(memory: Set<string>, dir: string): void {
  if (memory.size >= KNOWN) memory.clear();
  memory.add(dir);
}

async function flushFolder(dir: string): Promise<void> {
  try {
    await using folder = await open(dir, 'r');
    await folder.sync();
  } catch (error) {
    if (!NOT_FLUSHED.includes(errnoOf(error) ?? '')) throw error;
  }
}
