import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileStore, memoryFileStore } from '@kube-transform/runtime';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bytes, listed, text } from '../../../../test/kit/stores.js';
import { copyFiles, urlOf } from './copy-files.js';
import { getFiles } from './get-files.js';
import { PART } from './local-target.js';
import { placeOf } from './open-place.js';
import { putFiles } from './put-files.js';
import { removeFiles } from './remove-files.js';
import type { Transfer } from './transfers.js';

const MIB = 2 ** 20;
let dir: string;
let store: FileStore;
let said: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'kt-files-'));
  store = memoryFileStore();
  said = '';
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const say = (line: string): void => void (said += `${line}\n`);
const how = (signal = new AbortController().signal): Transfer => ({
  output: { out: say, err: say, live: false, columns: 100 },
  json: true,
  parallel: 3,
  signal,
});
const fill = async (files: Record<string, string>): Promise<void> => {
  for (const [key, content] of Object.entries(files)) await store.put(key, bytes(content));
};
/** A store that has one object of this name, as buckets may. */
const holding = (...keys: string[]): FileStore => ({
  ...store,
  async *list() {
    for (const key of keys) yield { type: 'object', object: { key, size: 1, modifiedMs: 0, etag: 'e' } };
  },
  head: async () => null,
  async *stream() {
    yield bytes('x');
  },
});
const below = async (folder: string): Promise<string[]> => {
  const names = await readdir(folder, { recursive: true, withFileTypes: true });
  return names
    .filter(entry => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .sort();
};
const get = (paths: string[], place = placeOf(store), signal?: AbortSignal) =>
  getFiles(place, { paths, dir }, how(signal));

describe('kt files get', () => {
  test('a file, a directory with its name, and what matches a pattern - go into the folder', async () => {
    await fill({ 'a/b/one.csv': '1', 'a/b/two.txt': '22', 'a/empty': '', 'kt-metadata/r/spec.json': '{}' });
    expect(await get(['a/b/one.csv'])).toEqual({ files: 1, bytes: 1, skipped: 0, failed: 0 });
    expect(await below(dir)).toEqual(['one.csv']);
    await get(['a']);
    await get(['a/*/*.csv']);
    expect(await below(dir)).toEqual(['a/b/one.csv', 'a/b/two.txt', 'a/empty', 'b/one.csv', 'one.csv']);
    await expect(get(['nothing'])).rejects.toThrow('nothing: There is no such file');
    await expect(get(['*.jpg'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('what runs keep - is fetched with --all only', async () => {
    await fill({ mine: '1', 'kt-metadata/r/spec.json': '{}' });
    await get(['.']);
    expect(await below(dir)).toEqual(['mine']);
    await expect(get(['kt-metadata'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await get(['kt-metadata'], placeOf(store, { all: true }));
    expect(await below(dir)).toEqual(['kt-metadata/r/spec.json', 'mine']);
  });

  test('again - only what is not there with its size and time is fetched', async () => {
    await fill({ 'a/1': 'one', 'a/2': 'two', 'a/3': 'three' });
    await get(['a']);
    await writeFile(join(dir, 'a/2'), 'longer');
    await utimes(join(dir, 'a/3'), 1, 1);
    expect(await get(['a'])).toEqual({ files: 2, bytes: 8, skipped: 1, failed: 0 });
    expect(await readFile(join(dir, 'a/2'), 'utf8')).toBe('two');
  });

  test.each([
    ['../../x', '".."'],
    ['/etc/x', '""'],
    ['a//b', '""'],
    ['a/./b', '"."'],
    ['..', '".."'],
    ['a\0b', String.raw`"a\u0000b"`],
  ])('FT1: the object %j - is written nowhere, and the others are', async (key, part) => {
    const { failed, files } = await get(['.'], placeOf(holding(key, 'fine')));
    expect({ failed, files }).toEqual({ failed: 1, files: 1 });
    expect(said).toContain(`its name has ${part} in it`);
    expect(await below(dir)).toEqual(['fine']);
  });

  test('FT1: names that are only odd - are kept as they are', async () => {
    const odd = ['%2e%2e/x', '...', 'a\nb', '-rf', 'ünï ✓', '..a', 'a\\b', 'n'.repeat(255)];
    expect(await get(['.'], placeOf(holding(...odd)))).toMatchObject({ files: odd.length, failed: 0 });
    expect(await below(dir)).toEqual([...odd].sort());
  });

  test('FT1: "a" and "a/b" - one of them is there, and the other is told', async () => {
    for (const order of [
      ['a', 'a/b'],
      ['a/b', 'a'],
    ]) {
      await rm(join(dir, 'a'), { recursive: true, force: true });
      const target = getFiles(placeOf(holding(...order)), { paths: ['.'], dir }, { ...how(), parallel: 1 });
      expect(await target).toMatchObject({ files: 1, failed: 1 });
    }
    expect(said).toContain('FILE_REFUSED');
    expect((await readdir(dir)).filter(name => name.startsWith(PART))).toEqual([]);
  });

  test('FT2: Ctrl-C within a large file - leaves no half file; the same command goes on where it was', async () => {
    const whole = new Uint8Array(12 * MIB).map((_, at) => at % 251);
    await store.put('big', whole);
    const leaving = new AbortController();
    const starts: number[] = [];
    const slow: FileStore = {
      ...store,
      async *stream(key, range) {
        starts.push(range?.start ?? 0);
        for (let at = range?.start ?? 0; at < whole.length; at += MIB) {
          yield await store.get(key, { start: at, end: at + MIB });
          if (starts.length === 1 && at === 5 * MIB) leaving.abort(new Error('left'));
        }
      },
    };
    await get(['big'], placeOf(slow), leaving.signal);
    expect((await readdir(dir)).map(name => name.slice(0, PART.length))).toEqual([PART]);
    await get(['big'], placeOf(slow));
    expect(starts).toEqual([0, 6 * MIB]);
    expect(Buffer.from(whole).equals(await readFile(join(dir, 'big')))).toBe(true);
    expect(await readdir(dir)).toEqual(['big']);
  });

  test('FT2: what is left of an object that was replaced - is not gone on with', async () => {
    await store.put('big', new Uint8Array(9 * MIB).fill(1));
    const leaving = new AbortController();
    const cut: FileStore = {
      ...store,
      async *stream() {
        yield new Uint8Array(MIB).fill(1);
        leaving.abort(new Error('left'));
        yield new Uint8Array(MIB).fill(1);
      },
    };
    await get(['big'], placeOf(cut), leaving.signal);
    await store.put('big', new Uint8Array(9 * MIB).fill(2));
    await get(['big']);
    expect(new Set(await readFile(join(dir, 'big')))).toEqual(new Set([2]));
    expect(await readdir(dir)).toEqual(['big']);
  });

  test('a store that fails - ends all, and says so', async () => {
    await fill({ 'a/1': 'one', 'a/2': 'two' });
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield bytes('o');
      throw new Error('no way');
    }
    await expect(get(['a'], placeOf({ ...store, stream }))).rejects.toThrow('no way');
    expect(await below(dir)).toEqual([]);
  });
});

describe('kt files put', () => {
  const put = (files: string[], to: string) =>
    putFiles(placeOf(store), { files: files.map(name => join(dir, name)), to }, how());
  const make = async (files: Record<string, string>): Promise<void> => {
    for (const [path, content] of Object.entries(files)) {
      await mkdir(join(dir, path, '..'), { recursive: true });
      await writeFile(join(dir, path), content);
    }
  };

  test('a file - goes to a name, or into a directory', async () => {
    await make({ one: '1' });
    await put(['one'], 'x');
    await put(['one'], 'in/');
    await put(['one'], 'in');
    await put(['one'], '.');
    expect(await listed(store, '')).toEqual(['in/one', 'one', 'x']);
  });

  test('a folder - goes with its name, again to the same place; links and parts are passed over', async () => {
    await make({ 'd/1': '1', 'd/e/2': '2', [`d/${PART}x`]: 'half' });
    await symlink('/etc', join(dir, 'd/link'));
    for (const _ of [1, 2]) expect(await put(['d'], 'in')).toMatchObject({ files: 2, bytes: 2 });
    expect(await listed(store, '')).toEqual(['in/d/1', 'in/d/e/2']);
    expect(said).toContain('link is a link: passed over.');
  });

  test('a link that is named - is followed', async () => {
    await make({ one: '1' });
    await symlink(join(dir, 'one'), join(dir, 'link'));
    await put(['link'], '.');
    expect(text(await store.get('link'))).toBe('1');
  });

  test('what is not there, and where runs are kept - is refused before anything goes', async () => {
    await make({ one: '1' });
    await expect(put(['one', 'two'], 'in')).rejects.toMatchObject({ code: 'NO_FILE' });
    await expect(put(['one'], 'kt-metadata/x')).rejects.toThrow(/kt gc/);
    await make({ 'kt-metadata/r/spec.json': '{}' });
    expect(await put(['kt-metadata'], '.')).toMatchObject({ files: 0, failed: 1 });
    expect(await listed(store, '')).toEqual([]);
  });

  // To root nothing is forbidden.
  test.skipIf(process.getuid?.() === 0)('a file that may not be read - ends all with its name', async () => {
    await make({ one: '1' });
    await chmod(join(dir, 'one'), 0);
    await expect(put(['one'], 'x')).rejects.toMatchObject({ code: 'FILE_FAILED' });
  });
});

describe('kt files cp', () => {
  const at = (path: string, place = placeOf(store)) => ({ place, path });

  test('within a store - the store does it', async () => {
    await fill({ 'a/1': '1', 'a/2': '22' });
    const place = placeOf(store);
    await copyFiles({ place, path: 'a/1' }, { place, path: 'b' }, how());
    await copyFiles({ place, path: 'a' }, { place, path: 'c' }, how());
    expect(await listed(store, '')).toEqual(['a/1', 'a/2', 'b', 'c/a/1', 'c/a/2']);
    await expect(copyFiles({ place, path: 'a' }, { place, path: 'a/x' }, how())).rejects.toThrow(
      /into itself/,
    );
    expect(await copyFiles({ place, path: 'b' }, { place, path: 'b' }, how())).toMatchObject({ skipped: 1 });
  });

  test('between stores - what runs keep is not changed', async () => {
    await fill({ 'a/1': '1' });
    const other = memoryFileStore();
    await copyFiles(at('a'), at('.', placeOf(other)), how());
    expect(text(await other.get('a/1'))).toBe('1');
    await expect(copyFiles(at('a'), at('kt-metadata', placeOf(other)), how())).rejects.toThrow(/kt gc/);
  });

  test.each([
    ['a/b', null],
    ['s3://bucket/a/b.csv', { store: 's3://bucket', path: 'a/b.csv' }],
    ['s3://bucket/a?endpoint=http://h:1', { store: 's3://bucket?endpoint=http://h:1', path: 'a' }],
    ['s3://bucket', { store: 's3://bucket', path: '' }],
    ['file:./y', { store: 'file:.', path: 'y' }],
    ['file:/data/x/', { store: 'file:/data/x/', path: '' }],
    ['file:a/my%20file', { store: 'file:a', path: 'my file' }],
    ['file:///data/x', { store: 'file:///data', path: 'x' }],
  ])('%s - names a store and a path', (url, place) => expect(urlOf(url)).toEqual(place));
});

describe('kt files rm', () => {
  const remove = (paths: string[], { recursive = false, dryRun = false } = {}) =>
    removeFiles(placeOf(store), { paths, recursive, dryRun }, how());

  test('files and patterns; directories with -r - and nothing where one of them is refused', async () => {
    await fill({ 'a/1': '1', 'a/2': '22', 'b/3': '3', c: '4' });
    await expect(remove(['c', 'a'])).rejects.toMatchObject({ code: 'IS_DIRECTORY' });
    await expect(remove(['.'], { recursive: true })).rejects.toMatchObject({ code: 'IS_DIRECTORY' });
    expect(await listed(store, '')).toHaveLength(4);
    expect(await remove(['a'], { recursive: true, dryRun: true })).toMatchObject({ files: 2, bytes: 3 });
    expect(await listed(store, '')).toHaveLength(4);
    await remove(['a'], { recursive: true });
    await remove(['b/*']);
    expect(await listed(store, '')).toEqual(['c']);
    await expect(remove(['gone'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  test('what runs keep - is refused, and no pattern reaches it', async () => {
    await fill({ 'kt-metadata/r/spec.json': '{}', mine: '1' });
    for (const path of [
      'kt-metadata',
      'kt-metadata/r/spec.json',
      'a/../kt-metadata/*',
      './kt-metadata-cache',
    ])
      await expect(remove([path], { recursive: true })).rejects.toThrow(/kt gc/);
    await remove(['**']);
    expect(await listed(store, '')).toEqual(['kt-metadata/r/spec.json']);
  });

  test('ten thousand files - go in few calls', async () => {
    const calls: number[] = [];
    for (let n = 0; n < 10_000; n++) await store.put(`many/${n}`, bytes(''));
    const counted = {
      ...store,
      delete: async (keys: readonly string[]) => (calls.push(keys.length), store.delete(keys)),
    };
    await removeFiles(placeOf(counted), { paths: ['many'], recursive: true, dryRun: false }, how());
    expect(calls).toEqual(Array.from({ length: 20 }, () => 500));
    expect(await listed(store, '')).toEqual([]);
  });
});
