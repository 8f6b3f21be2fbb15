/*
 * The friendly face of a file store: kube-transform's fsutil names over any FileStore.
 *
 * 1. A path becomes a key in one place (store-path.ts) before the store sees it.
 * 2. A directory exists while files are below it, on every store.
 * 3. The folders of runs are not there (user-store.ts).
 */
import { copyJson, KtError, type KtFiles } from '@kube-transform/sdk';
import { readHandle, writeHandle } from './file-handle.js';
import { fileGlob } from './glob.js';
import { jsonErrorPosition } from './json-position.js';
import { tryJson } from '../parse/parse-json.js';
import type { FileStore } from '../ports/index.js';
import { badPath, directoryPrefix, filePath, lastName, storePath } from './store-path.js';
import { bytesOf, textOf } from './text.js';
import { userStore } from './user-store.js';

/**
 * The files of a store under kube-transform's names. `glob` finds files only, and no names that begin with
 * "." unless the pattern does.
 *
 * @example
 * ```ts
 * const files = ktFiles(await openStore('mem:'));
 * await files.write('in/a.txt', 'hello');
 * await files.glob('in/*.txt'); // → ['in/a.txt']
 * ```
 */
export function ktFiles(whole: FileStore): KtFiles {
  const store = userStore(whole);

  async function isBelow(prefix: string): Promise<boolean> {
    for await (const _ of store.list(prefix)) return true;
    return false;
  }

  async function read(path: string): Promise<string> {
    return textOf(path, await store.get(filePath(path)));
  }

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
      await store.put(filePath(path), isStream(data) ? data : bytesOf(path, data));
    },
    append: async (path, data) => await store.append(filePath(path), bytesOf(path, data)),
    async open(path, mode = 'r') {
      const key = filePath(path);
      switch (mode) {
        case 'r':
          if ((await store.head(key)) === null) throw missing(path);
          return readHandle(files, key);
        case 'w':
          return writeHandle(key, async bytes => void (await store.put(key, bytes)));
        case 'a':
          return writeHandle(key, bytes => store.append(key, bytes));
        default:
          throw new KtError({
            code: 'BAD_MODE',
            message: `Cannot open "${path}" with mode "${String(mode)}".`,
            path: '',
            hint: 'Modes are "r", "w" and "a".',
          });
      }
    },
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

function isStream(data: unknown): data is AsyncIterable<Uint8Array> {
  return typeof data === 'object' && data !== null && Symbol.asyncIterator in data;
}

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
