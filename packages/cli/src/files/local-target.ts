/*
 * A folder of this machine that files of a store are put into.
 *
 * FT1 Nothing is written outside it, whatever an object is called, and no object takes the place of another.
 * FT2 A file appears whole: it is written beside its place and renamed. What is left of a large one that was
 *     cut off is gone on with, where the object is still the same one.
 */
import { createHash } from 'node:crypto';
import type { Stats } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { isKtError, KtError } from '@kube-transform/sdk';
import type { FileStore, ObjectInfo } from '@kube-transform/runtime';

/** The beginning of what files that have not come whole are called. */
export const PART = '.kt-part-';
/** What is smaller is fetched anew. */
const KEPT_BYTES = 8 * 2 ** 20;

/** How a file is fetched. */
export interface Fetch {
  store: FileStore;
  /** The bytes of an object from somewhere on. */
  read: (key: string, start: number) => AsyncIterable<Uint8Array>;
}

/** The folder. */
export class LocalTarget {
  readonly #root: string;
  readonly #parts = new Map<string, Promise<string[]>>();
  /** On a disk that does not tell upper from lower case: the places that are taken. */
  #taken: Promise<Map<string, string> | null> | undefined;

  constructor(root: string) {
    this.#root = resolve(root);
  }

  /**
   * Fetches an object into its place; null where it is there already, which its size and time tell.
   *
   * @throws KtError `FILE_REFUSED` for a name that may not or cannot be there.
   */
  async fetch(info: ObjectInfo, name: string, { store, read }: Fetch): Promise<string | null> {
    const path = this.pathOf(info.key, name);
    await this.#prepare(info.key, path);
    if (isSame(await statOf(path, info.key), info)) return null;
    const dir = dirname(path);
    const large = info.size >= KEPT_BYTES;
    // What a listing tells may be old.
    const fresh = large ? ((await store.head(info.key)) ?? info) : info;
    const part = join(dir, partName(fresh));
    const left = await this.#left(dir, part);
    let start = large && left ? ((await sizeOf(part)) ?? 0) : 0;
    if (start > fresh.size) start = 0;
    try {
      const size = await append(part, start, read(info.key, start));
      const after = start === 0 ? null : await store.head(info.key);
      if (start > 0 && after?.etag !== fresh.etag) {
        await append(part, 0, read(info.key, 0));
      } else if (start > 0 && size !== fresh.size) throw cutShort(info.key);
      await utimes(part, fresh.modifiedMs / 1000, fresh.modifiedMs / 1000);
      await rename(part, path).catch((error: unknown) => {
        throw refused(info.key, path, error);
      });
    } catch (error) {
      if (!large || (isKtError(error) && error.code === 'FILE_REFUSED')) await rm(part, { force: true });
      throw error;
    }
    return path;
  }

  /** Where an object goes. @throws KtError `FILE_REFUSED`. */
  pathOf(key: string, name: string): string {
    const names = name.split('/');
    const strange = names.find(
      one =>
        one === '' ||
        one === '.' ||
        one === '..' ||
        one.includes('\0') ||
        (sep === '\\' && /[\\:]/.test(one)),
    );
    const path = join(this.#root, name);
    if (strange === undefined && path.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep))
      return path;
    throw new KtError({
      code: 'FILE_REFUSED',
      path: key,
      message: `It would not be a file below ${this.#root}: its name has ${JSON.stringify(strange ?? name)} in it.`,
      hint: 'Fetch it by itself: kt files cat PATH > FILE.',
    });
  }

  /** Makes its folder, and sees that nothing else is in its place. */
  async #prepare(key: string, path: string): Promise<void> {
    await mkdir(dirname(path), { recursive: true }).catch((error: unknown) => {
      throw refused(key, path, error);
    });
    const taken = await (this.#taken ??= this.#takenPlaces());
    if (taken === null) return;
    const place = path.normalize('NFC').toLowerCase();
    const other = taken.get(place);
    if (other !== undefined && other !== key)
      throw new KtError({
        code: 'FILE_REFUSED',
        path: key,
        message: `Its place is that of "${other}": this disk does not tell upper from lower case.`,
        hint: 'Fetch the two into different folders.',
      });
    taken.set(place, key);
  }

  async #takenPlaces(): Promise<Map<string, string> | null> {
    await mkdir(this.#root, { recursive: true });
    const name = join(this.#root, `${PART}case`);
    await (await open(name, 'w')).close();
    const isBlind = (await statOf(join(this.#root, `${PART.toUpperCase()}CASE`), '')) !== null;
    await rm(name, { force: true });
    return isBlind ? new Map<string, string>() : null;
  }

  /** Whether something is left of this part; what is left of others of the same object is deleted. */
  async #left(dir: string, part: string): Promise<boolean> {
    let parts = this.#parts.get(dir);
    if (parts === undefined) {
      parts = readdir(dir).then(names => names.filter(name => name.startsWith(PART)));
      this.#parts.set(dir, parts);
    }
    const own = part.slice(part.lastIndexOf(PART));
    const ofObject = own.slice(0, own.lastIndexOf('-') + 1);
    const there = (await parts).filter(name => name.startsWith(ofObject));
    for (const name of there) if (name !== own) await rm(join(dir, name), { force: true });
    return there.includes(own);
  }
}

/** `.kt-part-OBJECT-ETAG`: the same for the same object, whatever length its name has. */
const partName = ({ key, etag, size }: ObjectInfo): string =>
  `${PART}${short(key)}-${short(`${etag} ${size}`)}`;

const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Writes chunks behind the first `start` bytes of a file; its size then. */
async function append(path: string, start: number, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  const file = await open(path, start === 0 ? 'w' : 'r+');
  let at = start;
  try {
    await file.truncate(start);
    for await (const chunk of chunks) {
      for (let from = 0; from < chunk.length;)
        from += (await file.write(chunk, from, chunk.length - from, at + from)).bytesWritten;
      at += chunk.length;
    }
  } catch (error) {
    throw ofDisk(path, error);
  } finally {
    await file.close();
  }
  return at;
}

const isSame = (there: Stats | null, { size, modifiedMs }: ObjectInfo): boolean =>
  there !== null && there.isFile() && there.size === size && Math.abs(there.mtimeMs - modifiedMs) < 2;

async function statOf(path: string, key: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw refused(key, path, error);
  }
}

const sizeOf = async (path: string): Promise<number | null> =>
  await stat(path).then(
    ({ size }) => size,
    () => null,
  );

const IN_THE_WAY = new Set(['ENOTDIR', 'EEXIST', 'EISDIR', 'ENOTEMPTY', 'ENAMETOOLONG', 'EINVAL', 'EILSEQ']);

/** An error of the disk, which is the name's own where it is of such a kind. */
function refused(key: string, path: string, error: unknown): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (!IN_THE_WAY.has(code)) return ofDisk(path, error);
  return new KtError(
    {
      code: 'FILE_REFUSED',
      path: key,
      message: `It cannot be a file at ${path}: ${message}.`,
      hint: 'Something else is in its place, or the disk has no such names. Fetch it into another folder.',
    },
    { cause: error },
  );
}

/** What the disk here refuses, in a sentence; other errors as they are. */
export function ofDisk(path: string, error: unknown): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return error;
  const hint =
    code === 'ENOSPC'
      ? 'Make room; the same command then goes on from there.'
      : 'Look at its folder and its rights.';
  return new KtError({ code: 'FILE_FAILED', path, message: `${message}.`, hint }, { cause: error });
}

const cutShort = (key: string): KtError =>
  new KtError({
    code: 'STORE_FAILED',
    path: key,
    message: 'Fewer or more bytes came than the file has.',
    hint: 'Try again.',
  });
