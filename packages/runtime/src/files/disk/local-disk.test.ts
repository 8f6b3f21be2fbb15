import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { FileStore } from '../../ports/index.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { LocalDisk } from './local-disk.js';
import { makeScratchFolder } from './scratch-folder.js';

let temporary: string;
let store: FileStore;
beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'kt-tmpdir-'));
  vi.stubEnv('TMPDIR', temporary);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(temporary, { recursive: true, force: true });
  });
  store = memoryFileStore();
});
const put = (key: string, size: number): Promise<unknown> => store.put(key, new Uint8Array(size));
const MIB = 2 ** 20;
const diskOf = (of: FileStore, maxBytes: number | undefined): LocalDisk =>
  new LocalDisk(of, { makeRoot: makeScratchFolder, maxBytes });
const there = (path: string): Promise<boolean> =>
  readFile(path).then(
    () => true,
    () => false,
  );

test('LD1: a file that many ask for - is fetched once, and anew when it has changed', async () => {
  await put('a.bin', 1000);
  let fetched = 0;
  const counted: FileStore = {
    ...store,
    stream: (key, range) => {
      fetched++;
      return store.stream(key, range);
    },
  };
  const disk = diskOf(counted, MIB);
  const paths = await Promise.all(Array.from({ length: 20 }, () => disk.download('a.bin', {})));
  expect([new Set(paths).size, fetched]).toEqual([1, 1]);
  await put('a.bin', 2000);
  expect((await readFile(await disk.download('a.bin', {}))).length).toBe(2000);
  expect((await readFile(paths[0] ?? '')).length).toBe(1000);
});

test('LD1: a file that does not arrive whole - is not there, and is fetched again', async () => {
  await put('a', 1000);
  let fails = true;
  const cut: FileStore = {
    ...store,
    async *stream(key, range) {
      if (fails) {
        yield new Uint8Array(10);
        throw new Error('cut');
      }
      yield* store.stream(key, range);
    },
  };
  const disk = diskOf(cut, MIB);
  const [first, second] = await Promise.allSettled([disk.download('a', {}), disk.download('a', {})]);
  expect([first.status, second.status]).toEqual(['rejected', 'rejected']);
  const [root = ''] = await readdir(temporary);
  expect(await readdir(join(temporary, root))).toEqual([]);
  fails = false;
  expect((await readFile(await disk.download('a', {}))).length).toBe(1000);
});

test('LD2: copies - make room when nobody uses them any more, those used last stay longest', async () => {
  for (const key of ['a', 'b', 'c', 'd']) await put(key, 400);
  const disk = diskOf(store, 1000);
  const [one, two] = [{}, {}];
  const a = await disk.download('a', one);
  const b = await disk.download('b', two);
  const full = await disk.download('c', {}).catch((error: unknown) => error);
  expect(full).toMatchObject({ code: 'SCRATCH_FULL', message: expect.stringContaining('"c" (0.0 MiB)') });
  await disk.release(one);
  await disk.release(two);
  expect(await disk.download('a', one)).toBe(a);
  const c = await disk.download('c', two);
  expect([await there(a), await there(b), await there(c)]).toEqual([true, false, true]);
  await put('huge', 1001);
  await expect(disk.download('huge', {})).rejects.toMatchObject({ code: 'SCRATCH_FULL' });
});

test('LD3: the folder of an item - is empty, its own, and goes with it, whatever is in it', async () => {
  const disk = diskOf(store, undefined);
  const [one, two] = [{}, {}];
  const [mine, again, other] = await Promise.all([
    disk.folderOf(one),
    disk.folderOf(one),
    disk.folderOf(two),
  ]);
  expect([mine === again, mine === other, await readdir(mine)]).toEqual([true, false, []]);
  await writeFile(join(mine, 'x'), 'x', { mode: 0o400 });
  await disk.release(one);
  await disk.release(one);
  expect(await readdir(dirname(mine))).toHaveLength(1);
  expect(await readdir(other)).toEqual([]);
});

test('without a size, copies may take half of what is free', async () => {
  await put('a', 1000);
  const disk = diskOf(store, undefined);
  expect((await readFile(await disk.download('a', {}))).length).toBe(1000);
});

test('LD1: files of two stores with one name and one etag - are two', async () => {
  const other = memoryFileStore();
  const owner = {};
  await Promise.all([store.put('a', new Uint8Array(1)), other.put('a', new Uint8Array(2))]);
  const disk = diskOf(store, MIB);
  const [own, its] = [await disk.download('a', owner), await disk.download('a', owner, other)];
  expect([(await readFile(own)).length, (await readFile(its)).length]).toEqual([1, 2]);
  expect((await store.head('a'))?.etag).toBe((await other.head('a'))?.etag);
  expect(await disk.download('a', owner, other)).toBe(its);
});
