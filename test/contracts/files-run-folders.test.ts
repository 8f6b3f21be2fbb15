/** What functions see of the folders in which runs are kept: nothing, by `context.files` or `context.fs`. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KtFiles, KtFs } from '@kube-transform/sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ktFiles } from '../../packages/runtime/src/files/kt-files.js';
import { fileGlob } from '../../packages/runtime/src/files/glob.js';
import { userStore } from '../../packages/runtime/src/files/user-store.js';
import { posixView, sharedMounts } from '../../packages/runtime/src/files/posix/posix-view.js';
import type { FileStore } from '../../packages/runtime/src/ports/index.js';
import { localFileStore } from '../../packages/runtime/src/stores/local/local-file-store.js';
import { memoryFileStore } from '../../packages/runtime/src/stores/memory-file-store.js';
import { collect } from '../kit/collect.js';
import { bytes, rejection } from '../kit/stores.js';

const OF_RUNS = [
  'kt-metadata/r/spec.json',
  'kt-metadata/r/journal/00000001.jsonl',
  'kt-metadata-cache/ab/c.json',
];
const OF_USERS = ['data/kt-metadata/mine', 'kt-metadata-other/mine', 'kt-metadata.txt', 'kt-meta', 'z'];

describe.each(['mem', 'file'])('the folders of runs on a %s store', kind => {
  let folder: string;
  let store: FileStore;
  let files: KtFiles;
  let fs: KtFs['promises'];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kt-hidden-'));
    await mkdir(join(folder, 'scratch'));
    store = kind === 'mem' ? memoryFileStore() : localFileStore(join(folder, 'store'));
    for (const key of [...OF_RUNS, ...OF_USERS]) await store.put(key, bytes('x'));
    files = ktFiles(store);
    fs = (await posixView(sharedMounts(userStore(store), join(folder, 'scratch'), fileGlob))).promises;
  });
  afterEach(async () => {
    // Whatever was tried, the runs are as they were, and so are the users' own files of such a name.
    for (const key of OF_RUNS) expect((await store.head(key))?.size).toBe(1);
    for (const key of OF_USERS) expect((await store.head(key))?.size).toBe(1);
    await rm(folder, { recursive: true });
  });

  test('listings and patterns - leave them out', async () => {
    const top = ['data', 'kt-meta', 'kt-metadata-other', 'kt-metadata.txt', 'z'];
    expect(await files.listdir('')).toEqual(top);
    expect(await files.glob('**')).toEqual([...OF_USERS].sort());
    expect(await files.glob('kt-*')).toEqual(['kt-meta', 'kt-metadata.txt']);
    expect(await files.glob('kt-metadata/**')).toEqual([]);
    expect(await files.glob('*/r/*.json')).toEqual([]);
    expect(await files.glob('kt-metadata/r/spec.json')).toEqual([]);
    expect(await files.listdir('kt-metadata')).toEqual([]);
    expect(await files.listdir('./data/../kt-metadata/r')).toEqual([]);
    expect(await files.listdir('data')).toEqual(['kt-metadata']);
    expect((await fs.readdir('/data')).sort()).toEqual(top);
  });

  test('a store that holds nothing else - is empty', async () => {
    for (const key of OF_USERS) await store.delete([key]);
    expect(await files.glob('**')).toEqual([]);
    expect(await files.listdir('')).toEqual([]);
    expect(await files.isdir('')).toBe(false);
    for (const key of OF_USERS) await store.put(key, bytes('x'));
  });

  test('reading - finds no file, and says why', async () => {
    for (const path of [
      'kt-metadata/r/spec.json',
      'a/../kt-metadata/r/spec.json',
      'kt-metadata-cache/ab/c.json',
    ]) {
      const calls = [
        files.read(path),
        files.readBytes(path),
        files.readJson(path),
        files.open(path),
        files.stat(path),
        collect(files.stream(path)),
      ];
      for (const error of await Promise.all(calls.map(rejection))) expect(error.code).toBe('NOT_FOUND');
      expect((await rejection(files.read(path))).message).toContain('where the store keeps its runs');
      expect([await files.isfile(path), await files.exists(path)]).toEqual([false, false]);
      await expect(fs.readFile(`/data/${path}`)).rejects.toMatchObject({ code: 'ENOENT' });
    }
    expect([await files.isdir('kt-metadata'), await files.isdir('data/kt-metadata')]).toEqual([false, true]);
    await expect(fs.stat('/data/kt-metadata')).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('writing and removing - is refused', async () => {
    for (const path of [
      'kt-metadata/r/spec.json',
      'kt-metadata/new/x',
      'kt-metadata',
      './kt-metadata-cache/x',
    ]) {
      const adder = await files.open(path, 'a');
      await adder.write('x');
      const calls = [
        files.write(path, 'y'),
        files.writeJson(path, {}),
        files.append(path, 'y'),
        files.mkdir(path),
        files.remove(path),
        files.rmdir(path),
        adder.close(),
      ];
      for (const error of await Promise.all(calls.map(rejection))) {
        expect(error.code).toBe('BAD_PATH');
        expect(error.message).toContain('where the store keeps its runs');
      }
      const posix = [
        () => fs.writeFile(`/data/${path}`, 'y'),
        () => fs.appendFile(`/data/${path}`, 'y'),
        () => fs.mkdir(`/data/${path}`),
        () => fs.copyFile('/data/z', `/data/${path}`),
        () => fs.rename('/data/z', `/data/${path}`),
        () => fs.unlink(`/data/${path}`),
        () => fs.rm(`/data/${path}`, { recursive: true }),
      ];
      for (const call of posix) await expect(call()).rejects.toThrow(/EINVAL|ENOENT/);
    }
    await expect(fs.rm('/data/kt-metadata', { recursive: true })).rejects.toMatchObject({ code: 'ENOENT' });
    await fs.rm('/data/kt-metadata', { recursive: true, force: true });
    await expect(fs.rm('/data', { recursive: true })).rejects.toMatchObject({ code: 'EBUSY' });
  });
});
