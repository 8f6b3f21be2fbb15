/*
 * `kt files put`: puts files of this machine into a store.
 *
 * - Links that are named are followed; those found in a folder are passed over, and so is what is no file.
 * - What the store has already is left: where its etag is the MD5 sum of the content, or of the sums of its
 *   parts, as in most buckets. So the same command goes on where it was broken off, file by file.
 */
import { createHash } from 'node:crypto';
import { createReadStream, type Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { PART_BYTES } from '@kube-transform/runtime/internal';
import { KtError } from '@kube-transform/sdk';
import { ofDisk, PART } from './local-target.js';
import type { OpenPlace } from './open-place.js';
import { keyAt, targetOf } from './selection.js';
import { moveAll, type Tally, type Transfer, until } from './transfers.js';

/** A file here, and its name where it goes. */
interface LocalFile {
  path: string;
  name: string;
  size: number;
}

/** What is put at once, rather than in parts. */
const SMALL_BYTES = 2 ** 20;
/** Of an object that was put in parts the sum of their sums, and how many there are. */
const MD5 = /^[0-9a-f]{32}(?:-(\d+))?$/;

/** Puts files, and all files in folders, below a path of the store. */
export async function putFiles(
  { store }: Pick<OpenPlace, 'store'>,
  { files, to }: { files: readonly string[]; to: string },
  transfer: Transfer,
): Promise<Tally> {
  const { signal, output } = transfer;
  const kinds = await Promise.all(files.map(statOf));
  const many = files.length > 1 || kinds.some(kind => kind.isDirectory());
  const target = await targetOf(store, to, { many });
  store.refuseChange(target.key);
  const skip = (path: string, why: string): void => output.err(`${path} ${why}: passed over.`);
  return await moveAll(
    localFiles(files, skip),
    async ({ path, name, size }, moved) => {
      const key = keyAt(target, name);
      if (await isThere(store, { key, path, size })) {
        return { action: 'skipped', path, to: key, bytes: size, why: 'is there already' };
      }
      const chunks = until(signal, createReadStream(path), moved);
      try {
        await store.put(key, size <= SMALL_BYTES ? await whole(chunks) : chunks);
      } catch (error) {
        throw ofDisk(path, error);
      }
      return { action: 'put', path, to: key, bytes: size };
    },
    transfer,
  );
}

async function* localFiles(
  given: readonly string[],
  skip: (path: string, why: string) => void,
): AsyncGenerator<LocalFile, void> {
  for (const path of given) {
    const kind = await statOf(path);
    const name = basename(resolve(path));
    if (kind.isDirectory()) yield* filesBelow(path, name, skip);
    else if (kind.isFile()) yield { path, name, size: kind.size };
    else throw noFile(path, 'It is neither a file nor a folder.');
  }
}

async function* filesBelow(
  dir: string,
  name: string,
  skip: (path: string, why: string) => void,
): AsyncGenerator<LocalFile, void> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((error: unknown) => {
    throw ofDisk(dir, error);
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(dir, entry.name);
    const below = name === '' ? entry.name : `${name}/${entry.name}`;
    if (entry.isSymbolicLink()) skip(path, 'is a link');
    else if (entry.isDirectory()) yield* filesBelow(path, below, skip);
    else if (!entry.isFile()) skip(path, 'is no file');
    else if (!entry.name.startsWith(PART)) yield { path, name: below, size: (await statOf(path)).size };
  }
}

/** Whether the store is known to have this very content. */
async function isThere(
  store: OpenPlace['store'],
  { key, path, size }: { key: string; path: string; size: number },
): Promise<boolean> {
  const there = await store.head(key);
  if (there === null || there.size !== size) return false;
  const [etag, parts] = MD5.exec(there.etag) ?? [];
  if (etag === undefined) return false;
  if (parts === undefined) return (await md5Of(path)).toString('hex') === etag;
  // Of parts of another size: it is put anew.
  if (Number(parts) !== Math.ceil(size / PART_BYTES)) return false;
  const sums = createHash('md5');
  for (let start = 0; start < size; start += PART_BYTES)
    sums.update(await md5Of(path, { start, end: Math.min(size, start + PART_BYTES) - 1 }));
  return `${sums.digest('hex')}-${parts}` === etag;
}

async function md5Of(path: string, range: { start?: number; end?: number } = {}): Promise<Buffer> {
  const sum = createHash('md5');
  for await (const chunk of createReadStream(path, range)) sum.update(chunk as Uint8Array);
  return sum.digest();
}

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

const statOf = async (path: string): Promise<Stats> =>
  await stat(path).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    throw code === 'ENOENT' ? noFile(path, 'There is no such file here.') : ofDisk(path, error);
  });

const noFile = (path: string, message: string): KtError =>
  new KtError({ code: 'NO_FILE', path, message, hint: 'Name a file or a folder of this machine.' });
