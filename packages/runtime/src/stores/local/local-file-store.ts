/*
 * A file store in a folder of this machine, or of a volume that several machines mount.
 *
 * 1. Keys are checked before any path is made of them, so nothing outside the folder is reached but by links
 *    in it. Reading and writing follow those, deleting does not.
 * 2. At most 64 files are open for whole reads and writes; streams are not counted, so that one can feed
 *    another.
 */
import { open, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import pLimit from 'p-limit';
import type { ByteRange, FileStore, ObjectInfo } from '../../ports/index.js';
import { deleteDirectory, deleteFile, refuseBehindLinks } from './delete-files.js';
import { isAbsence, storeFailed } from './file-errors.js';
import { listLocalFiles } from './list-files.js';
import { etagOf, TEMP_NAME } from './temp-files.js';
import { LocalFileWriter } from './write-file.js';
import { badPath, checkDirectory, checkKey, checkPrefix, clampRange, notFound } from '../store-key.js';

const OPEN_FILES = 64;
const NAME_BYTES = 255;
/** Size of the chunks that `stream` gives, in bytes. */
const CHUNK_BYTES = 256 * 1024;

/** Options of {@link localFileStore}. */
export interface LocalFileStoreOptions {
  /** Whether the disk has hard links; found out at the first conditional put. Default true. */
  hardLinks?: boolean;
}

/**
 * A file store in the folder `root`, which the first put makes. Objects are plain files of the same names.
 *
 * Puts survive the death of processes (`kill -9`), not a power cut: nothing is fsynced. A name is at most 255
 * bytes; `a` and `a/b` cannot both be objects. Deleting leaves empty directories, which are not listed.
 * `.kt-tmp` at the root is reserved for temporary files.
 */
export function localFileStore(root: string, options: LocalFileStoreOptions = {}): FileStore {
  const folder = resolve(root);
  const writer = new LocalFileWriter(folder, options.hardLinks ?? true);
  const limit = pLimit(OPEN_FILES);

  function pathOf(key: string): string {
    checkKey(key);
    checkNames(key);
    return join(folder, key);
  }

  /** Runs an action on a key's file; what fails becomes a KtError. */
  async function act<T>(action: string, key: string, run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      throw isAbsence(error) ? notFound(key, folder) : storeFailed(error, action, { root: folder, key });
    }
  }

  async function head(key: string): Promise<ObjectInfo | null> {
    const path = pathOf(key);
    try {
      const file = await stat(path, { bigint: true });
      if (!file.isFile()) return null;
      return { key, size: Number(file.size), modifiedMs: Number(file.mtimeMs), etag: etagOf(file) };
    } catch (error) {
      if (isAbsence(error)) return null;
      throw storeFailed(error, 'look at', { root: folder, key });
    }
  }

  async function* stream(key: string, range?: ByteRange): AsyncGenerator<Uint8Array> {
    const path = pathOf(key);
    const file = await act('read', key, () => open(path, 'r'));
    try {
      const { start, end } = clampRange(range, (await act('read', key, () => file.stat())).size);
      for (let at = start; at < end;) {
        const chunk = new Uint8Array(Math.min(CHUNK_BYTES, end - at));
        const { bytesRead } = await act('read', key, () => file.read(chunk, 0, chunk.length, at));
        if (bytesRead === 0) return;
        at += bytesRead;
        yield chunk.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  }

  async function get(key: string, range?: ByteRange): Promise<Uint8Array> {
    const path = pathOf(key);
    const bytes = await limit(async () => {
      if (range === undefined) return await act('read', key, () => readFile(path));
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream(key, range)) chunks.push(chunk);
      return Buffer.concat(chunks);
    });
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  async function deleting(key: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      throw storeFailed(error, 'delete', { root: folder, key });
    }
  }

  return {
    capabilities: { kind: 'file', url: pathToFileURL(folder).href },
    head,
    get,
    stream,
    async put(key, body, condition = {}) {
      pathOf(key);
      return body instanceof Uint8Array
        ? await limit(() => writer.put(key, body, condition))
        : await writer.put(key, body, condition);
    },
    async *list(prefix, { delimiter, startAfter } = {}) {
      checkPrefix(prefix);
      const dir = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      if (dir !== '') checkNames(dir.slice(0, -1));
      try {
        yield* listLocalFiles({
          root: folder,
          dir,
          begin: prefix.slice(dir.length),
          delimiter: delimiter !== undefined,
          startAfter,
        });
      } catch (error) {
        throw storeFailed(error, 'list', { root: folder, key: prefix });
      }
    },
    async delete(keys) {
      keys.forEach(pathOf);
      await refuseBehindLinks(folder, keys);
      await Promise.all(keys.map(key => limit(() => deleting(key, () => deleteFile(join(folder, key))))));
    },
    async deleteBelow(prefix) {
      checkDirectory(prefix);
      const dir = prefix.slice(0, -1);
      pathOf(dir);
      await refuseBehindLinks(folder, [dir]);
      await deleting(dir, () => deleteDirectory(join(folder, dir)));
    },
    async copy(from, to) {
      const source = pathOf(from);
      pathOf(to);
      if ((await head(from)) === null) throw notFound(from, folder);
      await writer.put(to, { copyOf: source }, {});
    },
    async [Symbol.asyncDispose]() {},
  };
}

function checkNames(key: string): void {
  const names = key.split('/');
  if (names[0] === TEMP_NAME)
    throw badPath(
      key,
      `is below "${TEMP_NAME}"`,
      'That folder is reserved for temporary files: use another name.',
    );
  const long = names.find(name => name.length > NAME_BYTES / 4 && Buffer.byteLength(name) > NAME_BYTES);
  if (long !== undefined)
    throw badPath(
      key,
      `has a name of ${Buffer.byteLength(long)} bytes`,
      `Names of files have ${NAME_BYTES} bytes at most.`,
    );
}
