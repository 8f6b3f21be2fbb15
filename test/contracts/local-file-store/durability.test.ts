/** What a folder store flushes to the disk before a put resolves. */
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openStore } from '../../../packages/runtime/src/open-store.js';
import type { FileStore } from '../../../packages/runtime/src/ports/index.js';
import { localFileStore } from '../../../packages/runtime/src/stores/local/local-file-store.js';
import { bytes, rejection } from '../../kit/stores.js';

let folder: string;
let root: string;
let store: FileStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kt-durable-'));
  root = join(folder, 'root');
  store = localFileStore(root);
});
afterEach(() => rm(folder, { recursive: true }));

describe('durability', () => {
  /** Counts what is flushed while something is done. */
  const flushes = async (work: () => Promise<unknown>): Promise<{ files: number; folders: number }> => {
    const probe = await open(folder, 'r');
    const handles = Object.getPrototypeOf(probe) as { sync(): Promise<void>; datasync(): Promise<void> };
    await probe.close();
    const folders = vi.spyOn(handles, 'sync');
    const files = vi.spyOn(handles, 'datasync');
    try {
      await work();
      return { files: files.mock.calls.length, folders: folders.mock.calls.length };
    } finally {
      vi.restoreAllMocks();
    }
  };
  const all = async (given: FileStore, key: string): Promise<{ files: number; folders: number }> => {
    await given.put(key, bytes('x'.repeat(100)));
    return await flushes(async () => {
      const etag = await given.put(key, bytes('y'.repeat(100)));
      await given.put(`${key}2`, bytes('z'), { ifAbsent: true });
      await given.put(key, bytes('z'.repeat(100)), { ifMatch: etag! });
      await given.append(key, bytes('more'));
      await given.copy(key, `${key}3`);
    });
  };

  test('what runs keep - is flushed, file and folder; other files are not', async () => {
    expect(await all(store, 'kt-metadata/r/a')).toEqual({ files: 5, folders: 4 });
    expect(await all(store, 'kt-metadata-cache/a')).toEqual({ files: 5, folders: 4 });
    expect(await all(store, 'data/kt-metadata/a')).toEqual({ files: 0, folders: 0 });
  });

  test('the option of the store, or of its URL - decides for all files', async () => {
    expect(await all(localFileStore(root, { durability: 'disk' }), 'data/a')).toEqual({
      files: 5,
      folders: 4,
    });
    expect(await all(localFileStore(root, { durability: 'process' }), 'kt-metadata/r/b')).toEqual({
      files: 0,
      folders: 0,
    });
    expect(await all(await openStore(`file:${root}?durability=disk`), 'data/c')).toEqual({
      files: 5,
      folders: 4,
    });
    const opened = await openStore(`file://${root}?durability=process`);
    expect(opened.capabilities.url).toBe(`file://${root}?durability=process`);
    expect(await all(await openStore(opened.capabilities.url!), 'kt-metadata/r/c')).toEqual({
      files: 0,
      folders: 0,
    });
    expect((await rejection(openStore('file:x?durability=some'))).message).toContain(
      'unknown option "durability=some"',
    );
    expect((await openStore(`file:${root}%3Fx`)).capabilities.url).toBe(`file://${root}%3Fx`);
  });

  test('a put into new folders - flushes their names, up to the root of the disk, once', async () => {
    const depth = root.split('/').length - 1;
    const first = await flushes(() => store.put('kt-metadata/r/journal/1', bytes('x')));
    expect(first).toEqual({ files: 1, folders: depth + 4 });
    expect(await flushes(() => store.put('kt-metadata/r/journal/2', bytes('x')))).toEqual({
      files: 1,
      folders: 1,
    });
    await store.deleteBelow('kt-metadata/r/');
    expect((await flushes(() => store.put('kt-metadata/r/journal/1', bytes('x')))).folders).toBeGreaterThan(
      1,
    );
  });

  test.each(['pipeline_run_state.json', 'lease.json', 'controller.json'])(
    '%s of a run, which others tell as well - is flushed, its folder is not',
    async name => {
      await store.put('kt-metadata/r/spec.json', bytes('x'));
      expect(await flushes(() => store.put(`kt-metadata/r/${name}`, bytes('x')))).toEqual({
        files: 1,
        folders: 0,
      });
      expect((await flushes(() => store.put(`kt-metadata/r/jobs/${name}`, bytes('x')))).folders).toBe(2);
    },
  );

  test('two hundred puts at once - share the flushes of their folder', async () => {
    await store.put('kt-metadata/r/first', bytes('x'));
    const { files, folders } = await flushes(() =>
      Promise.all(Array.from({ length: 200 }, (_, i) => store.put(`kt-metadata/r/${i}`, bytes('x')))),
    );
    expect(files).toBe(200);
    expect(folders).toBeLessThan(100);
  });

  test('a flush that fails - fails the put', async () => {
    await store.put('kt-metadata/r/a', bytes('x'));
    const probe = await open(folder, 'r');
    const handles = Object.getPrototypeOf(probe) as { sync(): Promise<void> };
    await probe.close();
    const failing = vi
      .spyOn(handles, 'sync')
      .mockRejectedValue(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
    const error = await rejection(store.put('kt-metadata/r/b', bytes('x')));
    failing.mockRestore();
    expect(error.message).toMatch(/Cannot write "kt-metadata\/r\/b".*EIO.*The disk reports an error/);
  });
});
