/** What changes many objects or a part of one, on every store: deleting below a directory. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FileStore } from '../../packages/runtime/src/ports/index.js';
import { localFileStore } from '../../packages/runtime/src/stores/local/local-file-store.js';
import { memoryFileStore } from '../../packages/runtime/src/stores/memory-file-store.js';
import { collect } from '../kit/collect.js';
import { rejection } from './file-store-contract.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe.each(['mem', 'file', 'file without hard links'])('changes of a %s store', kind => {
  let folder: string;
  let store: FileStore;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kt-changes-'));
    store =
      kind === 'mem'
        ? memoryFileStore()
        : localFileStore(join(folder, 'root'), { hardLinks: kind === 'file' });
  });
  afterEach(() => rm(folder, { recursive: true }));
  const keys = async (): Promise<string[]> =>
    (await collect(store.list(''))).map(entry => (entry.type === 'object' ? entry.object.key : entry.prefix));

  test('deleteBelow - takes all below a directory, and nothing beside it', async () => {
    const beside = ['a', 'a-b/x', 'a.txt', 'b/a/x'];
    for (const key of beside) await store.put(key === 'a' ? 'a0' : key, bytes('1'));
    for (const key of ['a/x', 'a/y/z', 'a/y/.hidden']) await store.put(key, bytes('1'));
    await store.deleteBelow('a/');
    await store.deleteBelow('a/');
    await store.deleteBelow('none/at/all/');
    await store.deleteBelow('a.txt/');
    expect(await keys()).toEqual(['a-b/x', 'a.txt', 'a0', 'b/a/x']);
    await store.put('a/y/z', bytes('2'));
    expect(await keys()).toContain('a/y/z');
  });

  test('deleteBelow - refuses what is no directory', async () => {
    await store.put('a/x', bytes('1'));
    for (const prefix of ['', '/', 'a', '/a/', 'a//', '../', 'a/../'])
      expect((await rejection(store.deleteBelow(prefix))).code).toBe('BAD_PATH');
    expect(await keys()).toEqual(['a/x']);
  });
});
