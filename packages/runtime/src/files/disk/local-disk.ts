/*
 * The disk of this process's machine: scratch folders of items, and copies of files of the store.
 *
 * LD1 A file is fetched once, however many ask for it at once; it is there whole or not at all, and cannot be
 *     written to. One that has changed in the store is another.
 * LD2 Copies take so much room and no more: those that no running item has asked for go, oldest first.
 * LD3 What an item made goes with it; everything goes with the process, or with the next one on this host.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isKtError, KtError } from '@kube-transform/sdk';
import type { FileStore } from '../../ports/index.js';

/** The share of the disk that is free at first which copies may take, where nobody says how much. */
const SHARE = 0.5;
const LONGEST_NAME = 120;
const READ_ONLY = 0o444;

/** A copy of a file of a store. */
interface Copy {
  path: Promise<string>;
  dir: string;
  size: number;
  /** Who has asked for it and still runs. */
  readonly users: Set<object>;
}

/** Folders and copies of one process. */
export class LocalDisk {
  readonly #store: FileStore;
  /** Numbers of the stores that copies were taken from. */
  readonly #numbers = new WeakMap<FileStore, number>();
  #maxBytes: number | undefined;
  readonly #makeRoot: () => Promise<string>;
  #root: Promise<string> | undefined;
  readonly #folders = new Map<object, Promise<string>>();
  /** Oldest first. */
  readonly #copies = new Map<string, Copy>();
  #bytes = 0;
  #made = 0;

  /**
   * @param store the one that files are taken from where no other is named.
   * @param options `makeRoot`: makes the folder for all of it; `maxBytes`: what copies may take; undefined:
   * half of what is free.
   */
  constructor(store: FileStore, options: { makeRoot: () => Promise<string>; maxBytes: number | undefined }) {
    this.#store = store;
    this.#makeRoot = options.makeRoot;
    this.#maxBytes = options.maxBytes;
  }

  /** The scratch folder of an item, made when it is first asked for. */
  folderOf(owner: object): Promise<string> {
    const known = this.#folders.get(owner);
    if (known !== undefined) return known;
    const made = this.#newFolder('item');
    this.#folders.set(owner, made);
    return made;
  }

  /** The path of a copy of a file, while the owner runs. @throws KtError `NOT_FOUND`, `SCRATCH_FULL`. */
  async download(key: string, owner: object, store = this.#store): Promise<string> {
    const info = await store.head(key);
    if (info === null)
      throw new KtError({
        code: 'NOT_FOUND',
        message: `There is no file "${key}" in the store.`,
        path: '',
        hint: 'Check the path with `files.listdir`; names are case-sensitive.',
      });
    const id = `${this.#numberOf(store)} ${info.etag} ${key}`;
    let copy = this.#copies.get(id);
    if (copy === undefined) {
      await this.#makeRoom(key, info.size);
      copy = this.#copies.get(id) ?? this.#fetch(id, { store, key, size: info.size });
    }
    copy.users.add(owner);
    // The one that was used last goes last.
    this.#copies.delete(id);
    this.#copies.set(id, copy);
    return await copy.path;
  }

  /** The owner has ended: its folder goes, and copies may. */
  async release(owner: object): Promise<void> {
    for (const { users } of this.#copies.values()) users.delete(owner);
    const folder = this.#folders.get(owner);
    this.#folders.delete(owner);
    await folder?.then(dir => rm(dir, { recursive: true, force: true })).catch(() => undefined);
  }

  #numberOf(store: FileStore): number {
    const number = this.#numbers.get(store) ?? ++this.#made;
    this.#numbers.set(store, number);
    return number;
  }

  #fetch(id: string, { store, key, size }: { store: FileStore; key: string; size: number }): Copy {
    const copy: Copy = { path: Promise.resolve(''), dir: '', size, users: new Set() };
    this.#bytes += size;
    copy.path = this.#write(store.stream(key), localName(key), copy).catch(async (error: unknown) => {
      this.#copies.delete(id);
      this.#bytes -= size;
      await rm(copy.dir, { recursive: true, force: true }).catch(() => undefined);
      throw isFull(error) ? this.#full(key, size, error) : error;
    });
    this.#copies.set(id, copy);
    return copy;
  }

  async #write(chunks: AsyncIterable<Uint8Array>, name: string, copy: Copy): Promise<string> {
    copy.dir = await this.#newFolder('copy');
    const path = join(copy.dir, name);
    const arriving = join(copy.dir, '.arriving');
    await pipeline(chunks, createWriteStream(arriving, { mode: READ_ONLY }));
    const { size } = await stat(arriving);
    // It may have been replaced since it was looked at.
    this.#bytes += size - copy.size;
    copy.size = size;
    await rename(arriving, path);
    return path;
  }

  async #makeRoom(key: string, size: number): Promise<void> {
    const max = (this.#maxBytes ??= await this.#shareOfFree());
    for (const [id, copy] of this.#copies) {
      if (this.#bytes + size <= max) return;
      if (copy.users.size > 0) continue;
      this.#copies.delete(id);
      this.#bytes -= copy.size;
      await copy.path.then(
        () => rm(copy.dir, { recursive: true, force: true }),
        () => undefined,
      );
    }
    if (this.#bytes + size > max) throw this.#full(key, size);
  }

  async #shareOfFree(): Promise<number> {
    const { bavail, bsize } = await statfs(await (this.#root ??= this.#makeRoot()));
    return bavail * bsize * SHARE;
  }

  async #newFolder(kind: string): Promise<string> {
    const dir = join(await (this.#root ??= this.#makeRoot()), `${kind}-${++this.#made}`);
    await mkdir(dir);
    return dir;
  }

  #full(key: string, size: number, cause?: unknown): KtError {
    const max = this.#maxBytes ?? 0;
    const most = cause === undefined ? `downloads may take ${mib(max)}` : 'the disk is full';
    return new KtError(
      {
        code: 'SCRATCH_FULL',
        message: `There is no room for "${key}" (${mib(size)}): ${most}, and items that run use ${mib(this.#bytes)}.`,
        path: '',
        hint: 'Give the step more (kubernetes.ephemeralStorage), fewer items at once (concurrency), or read the file with `files.stream`.',
      },
      { cause },
    );
  }
}

/** The bytes of a file of this machine, for an upload. @throws KtError `BAD_PATH` where it is none. */
export async function* localFile(path: string): AsyncGenerator<Uint8Array, void> {
  const wrong = await stat(path).then(
    found => (found.isFile() ? undefined : 'it is no file'),
    (error: unknown) => (error as Error).message,
  );
  if (wrong !== undefined)
    throw new KtError({
      code: 'BAD_PATH',
      message: `Cannot upload "${path}": ${wrong}.`,
      path: '',
      hint: 'Give the path of a file of this machine, for example one below `await ctx.scratch()`.',
    });
  yield* createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Uint8Array>;
}

/** The last name of a key, with its suffix, which libraries look at; short enough for any disk. */
function localName(key: string): string {
  const name = key.slice(key.lastIndexOf('/') + 1);
  let short = name;
  while (Buffer.byteLength(short) > LONGEST_NAME) short = short.slice(Math.ceil(short.length / 8));
  return short;
}

const isFull = (error: unknown): boolean =>
  !isKtError(error) && ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
