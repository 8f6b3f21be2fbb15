/*
 * A file store in a folder of this machine, or of a volume that several machines mount.
 *
 * 1. Keys are checked before any path is made of them, so nothing outside the folder is reached but by links
 *    in it. Reading and writing follow those, deleting does not.
 * 2. At most 64 files are open for whole reads and writes; streams are not counted, so that one can feed
 *    another.
 */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import pLimit from 'p-limit';
import type { FileStore, PutOptions } from '../../ports/index.js';
import { isOfRuns, mayBeOld } from '../../ports/run-folders.js';
import { appendWhole, groupedAppends } from '../appends.js';
import { deleteDirectory, deleteFile, refuseBehindLinks } from './delete-files.js';
import { storeFailed } from './file-errors.js';
import { listLocalFiles } from './list-files.js';
import { TEMP_NAME } from './temp-files.js';
import { localFileReader } from './read-file.js';
import { LocalFileWriter } from './write-file.js';
import { noSignedUrl } from '../store-errors.js';
import { badPath, checkDirectory, checkKey, checkPrefix, notFound } from '../store-key.js';

const OPEN_FILES = 64;
const NAME_BYTES = 255;

type Body = Uint8Array | AsyncIterable<Uint8Array>;

/** Options of {@link localFileStore}. */
export interface LocalFileStoreOptions {
  /**
   * What a put or append that has resolved survives. `disk`: a power cut; the file and its folder are
   * flushed. `process`: the death of processes, `kill -9` included. Default: `disk` for what runs keep,
   * `process` for other files.
   */
  durability?: 'disk' | 'process';
  /** Whether the disk has hard links; found out at the first conditional put. Default true. */
  hardLinks?: boolean;
}

/**
 * Makes a file store in the folder `root`, which the first put makes. Objects are plain files of the same
 * names.
 *
 * What survives a power cut, `durability` says; a delete may come back after one. A name is at most 255
 * bytes; `a` and `a/b` cannot both be objects. Deleting leaves empty directories, which are not listed.
 * `.kt-tmp` at the root is reserved for temporary files; what dead processes left in it is swept by each
 * process before its first write.
 *
 * A link to a file is that file, to be read and replaced. A link to a folder is listed as that folder, but
 * not through a second one on the way, nor up to a folder above it. Deleting goes through no link. A name on
 * the disk that is not UTF-8 makes a listing reject with `STORE_FAILED`.
 *
 * On a volume that several machines mount, listings are as late as its client lets them be. Reads by key are
 * fresh where it does not remember names that were not there (NFS: mount with `lookupcache=positive`).
 *
 * @example
 * ```ts
 * const store = localFileStore('/mnt/data');
 * store.capabilities; // → { kind: 'file', url: 'file:///mnt/data' }
 * ```
 */
export function localFileStore(root: string, options: LocalFileStoreOptions = {}): FileStore {
  const folder = resolve(root);
  const { durability, hardLinks = true } = options;
  const isDurable = (key: string): boolean =>
    durability === undefined ? isOfRuns(key) : durability === 'disk';
  const isNameDurable = (key: string): boolean => durability === 'disk' || !mayBeOld(key);
  const writer = new LocalFileWriter(folder, { hardLinks, isDurable, isNameDurable });
  const limit = pLimit(OPEN_FILES);
  const reader = localFileReader(folder, limit);

  /** A key that may be read and written here. @throws KtError `BAD_PATH` */
  function checked(key: string): string {
    checkKey(key);
    checkNames(key);
    return key;
  }

  async function put(key: string, body: Body, condition: PutOptions = {}): Promise<string | null> {
    checked(key);
    return body instanceof Uint8Array
      ? await limit(() => writer.put(key, body, condition))
      : await writer.put(key, body, condition);
  }

  const append = groupedAppends(async (key, bytes) => {
    // Each turn lost is another writer's won, so this ends.
    while (
      !(await limit(() => writer.append(key, bytes))) &&
      !(await appendWhole({ ...reader, put }, key, bytes))
    );
  });

  async function deleting(key: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      throw storeFailed(error, 'delete', { root: folder, key });
    }
  }

  return {
    capabilities: {
      kind: 'file',
      url: pathToFileURL(folder).href + (durability === undefined ? '' : `?durability=${durability}`),
    },
    head: async key => await reader.head(checked(key)),
    get: async (key, range) => await reader.get(checked(key), range),
    async *stream(key, range) {
      yield* reader.stream(checked(key), range);
    },
    put,
    async append(key, bytes) {
      checked(key);
      await append(key, bytes);
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
      keys.forEach(checked);
      await deleting(keys[0] ?? '', () => refuseBehindLinks(folder, keys));
      await Promise.all(keys.map(key => limit(() => deleting(key, () => deleteFile(join(folder, key))))));
    },
    async deleteBelow(prefix) {
      checkDirectory(prefix);
      const dir = prefix.slice(0, -1);
      checked(dir);
      await deleting(dir, async () => {
        await refuseBehindLinks(folder, [dir]);
        await deleteDirectory(join(folder, dir));
      });
    },
    async copy(from, to) {
      const source = join(folder, checked(from));
      checked(to);
      if ((await reader.head(from)) === null) throw notFound(from, folder);
      await writer.put(to, { copyOf: source }, {});
    },
    signedUrl: async key => noSignedUrl(key, 'file:'),
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
