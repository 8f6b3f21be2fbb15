/*
 * Temporary files of a folder store: written here whole, then moved to where they belong.
 *
 * 1. A temporary file is named after its process, so that a later process can tell that its writer is dead
 *    and remove it.
 * 2. A finished file has an inode of its own and a modification time that no other write of this process has.
 *    Inodes are used again and kernels stamp times in ticks of up to 10 ms, so neither alone would make an
 *    etag; the time is set to the µs.
 */
import { copyFile, open, readdir, stat, unlink, utimes, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './make-folder.js';
import { errnoOf } from './file-errors.js';
import { lifeOf, thisProcess } from './process-identity.js';

/** The folder of temporary files and locks, below the root; no key begins with it. */
export const TEMP_NAME = '.kt-tmp';

/** Age from which a temporary file of another host is taken for abandoned. */
const ABANDONED_MS = 86_400_000;

/** What fills a file: bytes, chunks, or the path of a file to copy. */
export type Content = Uint8Array | AsyncIterable<Uint8Array> | { copyOf: string };

/** Carries what the caller's own stream threw past the handling of file errors. */
export class BodyError extends Error {}

/** The etag of an object's file: its inode, time in ns and size. */
export function etagOf(file: { ino: bigint; size: bigint; mtimeNs: bigint }): string {
  return `${file.ino.toString(36)}-${file.mtimeNs.toString(36)}-${file.size.toString(36)}`;
}

let lastTimeUs = 0;
/** `performance` has it too, and takes longer to load than all of this. */
const clockUs = (): number => Number(process.hrtime.bigint() / 1000n);
const originUs = Date.now() * 1000 - clockUs();

/** The time in microseconds, later than any that this process was given. */
function nextTimeUs(): number {
  return (lastTimeUs = Math.max(originUs + clockUs(), lastTimeUs + 1));
}

/** The temporary files of one store. */
export class TempFiles {
  /** The folder; it exists once a first path was given. */
  readonly dir: string;
  #prefix: Promise<string> | undefined;
  #given = 0;

  constructor(root: string) {
    this.dir = join(root, TEMP_NAME);
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
    const { host, pid, start } = await thisProcess();
    await this.#sweep();
    return join(this.dir, `t-${host}-${pid}-${start}-${crypto.randomUUID().slice(0, 8)}`);
  }

  /** Removes what dead processes left. */
  async #sweep(): Promise<void> {
    for (const name of await readdir(this.dir)) {
      const [kind, host = '', pid = '', start = ''] = name.split('-');
      if (kind !== 't' && kind !== 'claim' && kind !== 'clock') continue;
      const life = kind === 't' ? await lifeOf({ host, pid: Number(pid), start }) : 'unknown';
      if (life === 'alive') continue;
      const path = join(this.dir, name);
      const { mtimeMs = Date.now() } = (await stat(path).catch(() => undefined)) ?? {};
      if (life === 'dead' || Date.now() - mtimeMs > ABANDONED_MS) await unlink(path).catch(() => undefined);
    }
  }

  /**
   * Writes a new temporary file; its etag. @throws BodyError for what the caller's stream threw, else system
   * errors
   */
  async fill(path: string, content: Content): Promise<string> {
    if (content instanceof Uint8Array || !('copyOf' in content)) return await this.#write(path, content);
    await copyFile(content.copyOf, path);
    const timeS = nextTimeUs() / 1e6;
    await utimes(path, timeS, timeS);
    return etagOf(await stat(path, { bigint: true }));
  }

  async #write(path: string, content: Uint8Array | AsyncIterable<Uint8Array>): Promise<string> {
    const file = await this.#create(path);
    try {
      if (content instanceof Uint8Array) await writeAll(file, content);
      else for await (const chunk of marked(content)) await writeAll(file, chunk);
      const timeS = nextTimeUs() / 1e6;
      await file.utimes(timeS, timeS);
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
