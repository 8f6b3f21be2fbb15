/*
 * The friendly face of a file store: kube-transform's fsutil names over any FileStore.
 *
 * 1. A path becomes a key in one place (store-path.ts) before the store sees it.
 * 2. A directory exists while files are below it, on every store.
 * 3. The folders of runs are not there (user-store.ts).
 */
import { copyJson, KtError, type KtFiles } from '@kube-transform/sdk';
import { codecOf, compressed, decompressed } from './disk/compression.js';
import { type Disk, openDisk } from './disk/open-disk.js';
import { concatenated, readHandle, writeHandle } from './file-handle.js';
import { fileGlob } from './glob.js';
import { jsonErrorPosition } from './json-position.js';
import { tryJson } from '../parse/parse-json.js';
import type { FileStore } from '../ports/index.js';
import { grantOf } from './url-grant.js';
import { badPath, directoryPrefix, filePath, lastName, storePath } from './store-path.js';
import { bytesOf, textOf } from './text.js';
import { textLines } from './text-lines.js';
import { userStore } from './user-store.js';

/**
 * The files of a store under kube-transform's names. `glob` finds files only, and no names that begin with
 * "." unless the pattern does.
 *
 * @param options `write: false`: changes are refused with KtError `STORE_READ_ONLY`. Default true.
 *
 * @example
 * ```ts
 * const files = ktFiles(await openStore('mem:'));
 * await files.write('in/a.txt', 'hello');
 * await files.glob('in/*.txt'); // → ['in/a.txt']
 * ```
 */
export function ktFiles(whole: FileStore, options: { write?: boolean } = {}): KtFiles {
  const store = userStore(whole, options);
  let disk: Disk | undefined;

  async function isBelow(prefix: string): Promise<boolean> {
    for await (const _ of store.list(prefix)) return true;
    return false;
  }

  async function read(path: string): Promise<string> {
    const key = filePath(path);
    if (codecOf(key) === undefined) return textOf(path, await store.get(key));
    const chunks: Uint8Array[] = [];
    for await (const chunk of plain(key)) chunks.push(chunk);
    return textOf(path, concatenated(chunks));
  }
  /** What a file says: its bytes, decompressed where its name tells that it is compressed. */
  const plain = (key: string): AsyncIterable<Uint8Array> => decompressed(key, store.stream(key));
  /** What a file of this name is to hold: text is compressed where the name tells, bytes are as they are. */
  const toStore = async (path: string, data: unknown): Promise<Uint8Array> => {
    const bytes = bytesOf(path, data);
    return typeof data === 'string' ? await compressed(path, bytes) : bytes;
  };

  const files: KtFiles = {
    async listdir(path) {
      const prefix = directoryPrefix(path);
      const names = new Set<string>();
      for await (const entry of store.list(prefix, { delimiter: '/' })) {
        names.add(
          entry.type === 'object'
            ? entry.object.key.slice(prefix.length)
            : entry.prefix.slice(prefix.length, -1),
        );
      }
      return [...names].sort();
    },
    async isfile(path) {
      const key = storePath(path);
      return key !== '' && (await store.head(key)) !== null;
    },
    isdir: async path => await isBelow(directoryPrefix(path)),
    exists: async path => (await files.isfile(path)) || (await files.isdir(path)),
    async mkdir(path) {
      store.refuseChange(storePath(path));
    },
    async remove(path) {
      const key = filePath(path);
      store.refuseChange(key);
      if ((await store.head(key)) === null)
        throw missing(path, (await isBelow(`${key}/`)) ? 'It is a directory: use `rmdir`.' : undefined);
      await store.delete([key]);
    },
    async rmdir(path) {
      const prefix = directoryPrefix(path);
      if (prefix === '')
        throw badPath(
          path,
          'names the store itself',
          'Name a directory in it; this would delete everything.',
        );
      await store.deleteBelow(prefix);
    },
    async stat(path) {
      const key = storePath(path);
      const info = key === '' ? null : await store.head(key);
      if (info !== null)
        return { name: lastName(key), size: info.size, modifiedMs: info.modifiedMs, type: 'file' };
      if (await isBelow(directoryPrefix(path)))
        return { name: lastName(key), size: 0, modifiedMs: 0, type: 'directory' };
      throw missing(path);
    },
    glob: async pattern => await fileGlob(store, pattern),
    read,
    readText: read,
    readBytes: async (path, range) => await store.get(filePath(path), range),
    async write(path, data) {
      const key = filePath(path);
      await store.put(key, isChunks(data) ? chunksOf(path, data) : await toStore(path, data));
    },
    append: async (path, data) => await store.append(filePath(path), await toStore(path, data)),
    async copy(from, to) {
      const [source, target] = [filePath(from), filePath(to)];
      store.refuseChange(target);
      if (source !== target) await store.copy(source, target);
      else if ((await store.head(source)) === null) throw missing(from);
    },
    async move(from, to) {
      const [source, target] = [filePath(from), filePath(to)];
      store.refuseChange(source);
      await files.copy(from, to);
      if (source !== target) await store.delete([source]);
    },
    async *lines(path) {
      yield* textLines(path, plain(filePath(path)));
    },
    download: async path => await (disk ??= openDisk(store)).download(filePath(path), files),
    async upload(from, path) {
      const key = filePath(path);
      store.refuseChange(key);
      const { localFile } = await import('./disk/local-disk.js');
      await store.put(key, localFile(from));
    },
    async open(path, mode = 'r') {
      const key = filePath(path);
      switch (mode) {
        case 'r':
          if ((await store.head(key)) === null) throw missing(path);
          return readHandle(files, key);
        case 'w':
          return writeHandle(
            key,
            async (bytes, of) => void (await store.put(key, await collected(key, bytes, of))),
          );
        case 'a':
          return writeHandle(
            key,
            async (bytes, of) => await store.append(key, await collected(key, bytes, of)),
          );
        default:
          throw new KtError({
            code: 'BAD_MODE',
            message: `Cannot open "${path}" with mode "${String(mode)}".`,
            path: '',
            hint: 'Modes are "r", "w" and "a".',
          });
      }
    },
    signedUrl: async (path, options) => await store.signedUrl(filePath(path), grantOf(path, options)),
    join: (...parts) => storePath(parts.filter(part => part !== '').join('/')),
    async readJson<T>(path: string) {
      const text = await read(path);
      const value = tryJson(text);
      if (value !== undefined) return value as T;
      const { line, column } = jsonErrorPosition(text);
      const message = `The file "${path}" is not JSON: line ${line}, column ${column}.`;
      throw new KtError({
        code: 'BAD_JSON',
        message,
        path: '',
        hint: 'Mend the file, or read it with `readText`.',
      });
    },
    async writeJson(path, value) {
      const made = copyJson(value);
      if (!made.ok) {
        const message = `Cannot write "${path}" as JSON: ${made.reason} at ${made.path}.`;
        throw new KtError({
          code: 'BAD_JSON',
          message,
          path: made.path,
          hint: 'Make it a string, number, boolean, null, array or plain object.',
        });
      }
      await files.write(path, JSON.stringify(made.value));
    },
    async *stream(path, range) {
      yield* store.stream(filePath(path), range);
    },
  };
  return files;
}

/** What was written to an open file, as it is to be stored. */
async function collected(
  path: string,
  bytes: Uint8Array,
  of: 'text' | 'bytes' | 'both',
): Promise<Uint8Array> {
  if (of === 'both' && codecOf(path) !== undefined)
    throw new KtError({
      code: 'BAD_DATA',
      message: `Cannot write "${path}": text, which is to be compressed, and bytes, which are not, were written to it.`,
      path: '',
      hint: 'Write one of the two, or use a name that does not end in .gz or .zst.',
    });
  return of === 'text' ? await compressed(path, bytes) : bytes;
}

const isChunks = (data: unknown): data is AsyncIterable<Uint8Array> =>
  typeof data === 'object' && data !== null && Symbol.asyncIterator in data;

/** Chunks of bytes that a function makes, each a copy: it may use its buffer again. */
async function* chunksOf(path: string, data: AsyncIterable<unknown>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of data) {
    if (typeof chunk === 'string') throw badChunk(path);
    yield bytesOf(path, chunk);
  }
}

const badChunk = (path: string): KtError =>
  new KtError({
    code: 'BAD_DATA',
    message: `Cannot write "${path}": a chunk of the stream is text.`,
    path: '',
    hint: 'Give bytes: new TextEncoder().encode(chunk), or Buffer.from(chunk).',
  });

function missing(
  path: string,
  hint = 'Check the path with `files.listdir`; names are case-sensitive.',
): KtError {
  return new KtError({
    code: 'NOT_FOUND',
    message: `There is no file "${path}" in the store.`,
    path: '',
    hint,
  });
}
