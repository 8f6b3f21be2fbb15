/*
 * Temporary files of a folder store: written here whole, then moved to where they belong.
 *
 * 1. A temporary file is named after its process, so that a later process can tell that its writer is dead
 *    and remove it.
 * 2. A finished file has an inode of its own and a time that no other write of this process has (etags.ts).
 */
import { copyFile, open, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './make-folder.js';
import { etagOf, nextTimeS } from './etags.js';
import { errnoOf } from './file-errors.js';
import { ownName } from '../../process/process-identity.js';

/** The folder of temporary files and locks, below the root; no key begins with it. */
export const TEMP_NAME = '.kt-tmp';

/** What fills a file: bytes, chunks, or the path of a file to copy. */
export type Content = Uint8Array | AsyncIterable<Uint8Array> | { copyOf: string };

/** Carries what the caller's own stream threw past the handling of file errors. */
export class BodyError extends Error {}

/** The temporary files of one store. */
export class TempFiles {
  /** The folder; it exists once a first path was given. */
  readonly dir: string;
  #prefix: Promise<string> | undefined;
  #given = 0;

  readonly #sweep: () => Promise<void>;

  /** `sweep` takes away what others left; it is called once, when the folder is there. */
  constructor(root: string, sweep: () => Promise<void>) {
    this.dir = join(root, TEMP_NAME);
    this.#sweep = sweep;
  }

  /** Makes the folder, and sweeps it when first called. */
  async ready(): Promise<void> {
    await makeFolder(this.dir);
    await this.newPath();
  }

  /** A path that no other process or store uses. Makes the folder and sweeps it when first called. */
  async newPath(): Promise<string> {
    this.#prefix ??= this.#start().catch((error: unknown) => {
      this.#prefix = undefined;
      throw error;
    });
    return `${await this.#prefix}-${(this.#given++).toString(36)}`;
  }

  async #start(): Promise<string> {
    await makeFolder(this.dir);
    await this.#sweep();
    // Not `crypto`: it takes longer to load than all else that a worker's start does here.
    return join(this.dir, await ownName('t', Math.random().toString(36).slice(2, 10)));
  }

  /**
   * Writes a new temporary file, onto the disk where it is to be `durable`; its etag. @throws BodyError for
   * what the caller's stream threw, else system errors
   */
  async fill(path: string, content: Content, { durable }: { durable: boolean }): Promise<string> {
    const timeS = nextTimeS();
    if (!(content instanceof Uint8Array) && 'copyOf' in content) {
      await copyFile(content.copyOf, path);
      await utimes(path, timeS, timeS);
      await using copy = await open(path, 'r');
      if (durable) await copy.datasync();
      return etagOf(await copy.stat({ bigint: true }));
    }
    const file = await this.#create(path);
    try {
      if (content instanceof Uint8Array) await writeAll(file, content);
      else for await (const chunk of marked(content)) await writeAll(file, chunk);
      await file.utimes(timeS, timeS);
      if (durable) await file.datasync();
      return etagOf(await file.stat({ bigint: true }));
    } finally {
      await file.close();
    }
  }

  async #create(path: string): Promise<FileHandle> {
    try {
      return await open(path, 'wx');
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      // Somebody removed the folder.
      await makeFolder(this.dir);
      return await open(path, 'wx');
    }
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
}

async function* marked(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new BodyError('', { cause: error });
  }
}
