/** Trees in a folder store: links to folders, strange names, great depth; and what deleting leaves alone. */
import { existsSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ktFiles } from '../../../packages/runtime/src/files/kt-files.js';
import { fileGlob } from '../../../packages/runtime/src/files/glob.js';
import { userStore } from '../../../packages/runtime/src/files/user-store.js';
import { posixView, sharedMounts } from '../../../packages/runtime/src/files/posix/posix-view.js';
import type { FileStore } from '../../../packages/runtime/src/ports/index.js';
import { localFileStore } from '../../../packages/runtime/src/stores/local/local-file-store.js';
import { bytes, listed, rejection } from '../../kit/stores.js';

let folder: string;
let root: string;
let outside: string;
let store: FileStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kt-trees-'));
  root = join(folder, 'root');
  outside = join(folder, 'outside');
  store = localFileStore(root);
  await mkdir(root);
  await mkdir(join(outside, 'deep'), { recursive: true });
  await writeFile(join(outside, 'a'), 'precious');
  await writeFile(join(outside, 'deep', 'b'), 'precious');
});
afterEach(() => rm(folder, { recursive: true }));

const put = (...keys: string[]): Promise<unknown> => Promise.all(keys.map(key => store.put(key, bytes(key))));

const list = (prefix: string, options?: { delimiter: '/' }): Promise<string[]> =>
  listed(store, prefix, options);

const precious = async (): Promise<string[]> => [
  await readFile(join(outside, 'a'), 'utf8'),
  await readFile(join(outside, 'deep', 'b'), 'utf8'),
];

describe('links to folders', () => {
  test('a link out of the store - is listed and read through', async () => {
    await put('data/own');
    await symlink(outside, join(root, 'data', 'link'));
    expect(await list('')).toEqual(['data/link/a', 'data/link/deep/b', 'data/own']);
    expect(await list('data/', { delimiter: '/' })).toEqual(['data/link/', 'data/own']);
    expect(await list('data/link/deep/')).toEqual(['data/link/deep/b']);
    expect(new TextDecoder().decode(await store.get('data/link/deep/b'))).toBe('precious');
  });

  test('nine folders that link to each other - give each file once a direct link', async () => {
    const names = Array.from({ length: 9 }, (_, i) => `p${i}`);
    await put(...names.map(name => `${name}/file.txt`));
    for (const a of names) for (const b of names) if (a !== b) await symlink(`../${b}`, join(root, a, b));
    const direct = names.flatMap(a => names.map(b => (a === b ? `${a}/file.txt` : `${a}/${b}/file.txt`)));
    const found = await ktFiles(store).glob('**/*.txt');
    expect(found).toEqual(direct.sort());
    expect(found).toHaveLength(81);
    // What is named may lie behind any number of links.
    expect(await ktFiles(store).glob('p0/p1/p2/p3/*.txt')).toEqual(['p0/p1/p2/p3/file.txt']);
  });

  test('a link to itself, to a folder above or to nothing - is passed over', async () => {
    await put('a/b/c/file');
    await symlink('self', join(root, 'a', 'self'));
    await symlink('..', join(root, 'a', 'b', 'up'));
    await symlink(join(root, 'a'), join(root, 'a', 'b', 'c', 'top'));
    await symlink('nowhere', join(root, 'a', 'broken'));
    expect(await list('')).toEqual(['a/b/c/file']);
    expect(await list('a/b/up/', { delimiter: '/' })).toEqual(['a/b/up/b/']);
  });
});

describe('deleting', () => {
  beforeEach(async () => {
    await put('data/own', 'data/sub/own', 'real/x');
    await symlink(outside, join(root, 'data', 'link'));
    await symlink(join(outside, 'a'), join(root, 'data', 'file-link'));
    await symlink('../../real', join(root, 'data', 'sub', 'alias'));
    await symlink('nowhere', join(root, 'data', 'broken'));
  });

  test('rmdir of a link - removes the link', async () => {
    await ktFiles(store).rmdir('data/link');
    await ktFiles(store).rmdir('data/sub/alias');
    expect(await precious()).toEqual(['precious', 'precious']);
    expect(await list('')).toEqual(['data/file-link', 'data/own', 'data/sub/own', 'real/x']);
    await expect(lstat(join(root, 'data', 'link'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('rmdir of a folder with links - leaves what they lead to', async () => {
    await ktFiles(store).rmdir('data');
    expect(await precious()).toEqual(['precious', 'precious']);
    expect(await list('')).toEqual(['real/x']);
    expect(existsSync(join(root, 'data'))).toBe(false);
  });

  test('remove of a link to a file - removes the link', async () => {
    await ktFiles(store).remove('data/file-link');
    expect(await precious()).toEqual(['precious', 'precious']);
    expect(existsSync(join(root, 'data', 'file-link'))).toBe(false);
  });

  test('what lies behind a link - is refused, with a sentence, and stays', async () => {
    const files = ktFiles(store);
    const tries = [
      files.remove('data/link/a'),
      files.rmdir('data/link/deep'),
      store.delete(['data/own', 'data/sub/alias/x']),
      store.deleteBelow('data/link/deep/'),
    ];
    for (const error of await Promise.all(tries.map(rejection))) {
      expect(error.code).toBe('BAD_PATH');
      expect(error.message).toMatch(/lies behind the link "data\/(link|sub\/alias)"/);
    }
    expect(await precious()).toEqual(['precious', 'precious']);
    expect(await list('real/')).toEqual(['real/x']);
    expect(await list('data/own')).toEqual(['data/own']);
  });

  test('context.fs - removes trees through no link, in the store and in the scratch folder', async () => {
    const scratch = join(folder, 'scratch');
    await mkdir(join(scratch, 'tree'), { recursive: true });
    await symlink(outside, join(scratch, 'tree', 'link'));
    const fs = (await posixView(sharedMounts(userStore(store), scratch, fileGlob))).promises;
    await fs.rm('/data/data/link', { recursive: true });
    await fs.rm('/data/data', { recursive: true });
    await fs.rm('/scratch/tree', { recursive: true });
    expect(await precious()).toEqual(['precious', 'precious']);
    expect(await list('')).toEqual(['real/x']);
    expect(await readdir(scratch)).toEqual([]);
  });

  test('runs kept behind a link - are deleted as others', async () => {
    await mkdir(join(folder, 'runs'));
    await symlink(join(folder, 'runs'), join(root, 'kt-metadata'));
    await put('kt-metadata/r/lease.json', 'kt-metadata/r/spec.json');
    await store.delete(['kt-metadata/r/lease.json']);
    await store.deleteBelow('kt-metadata/r/');
    expect(await readdir(join(folder, 'runs'))).toEqual([]);
  });
});

describe('names and depth', () => {
  test('names that look special - are found by every pattern', async () => {
    const names = [
      'two\nlines.txt',
      'back\\slash.txt',
      'a*b.txt',
      '\ufffd.txt',
      'e\u0301.txt',
      'é.txt',
      ' .txt',
    ];
    for (const name of names) await ktFiles(store).write(`names/${name}`, name);
    const sorted = names.map(name => `names/${name}`).sort();
    expect(await ktFiles(store).glob('names/*.txt')).toEqual(sorted);
    expect(await ktFiles(store).glob('names/**/*.txt')).toEqual(sorted);
    expect(await ktFiles(store).glob('**')).toEqual(sorted);
    expect(await ktFiles(store).listdir('names')).toEqual([...names].sort());
  });

  test.runIf(process.platform === 'linux')(
    'a name that is not UTF-8 - is reported, and goes with its folder',
    async () => {
      await put('latin/a.csv');
      await writeFile(Buffer.from(join(root, 'latin', 'caf\u00e9.csv'), 'latin1'), '');
      const listings = [
        () => list(''),
        () => list('latin/c'),
        () => list('', { delimiter: '/' }),
        () => ktFiles(store).glob('**/*.csv'),
      ];
      for (const listing of listings) {
        const error = await rejection(listing());
        expect(error.code).toBe('STORE_FAILED');
        expect(error.message).toMatch(/latin holds a file whose name is not UTF-8: "caf\\xe9\.csv"/);
      }
      expect(await list('latin/a')).toEqual(['latin/a.csv']);
      await store.deleteBelow('latin/');
      expect(await list('')).toEqual([]);
    },
  );

  test('a thousand folders in each other - are written, listed and deleted', async () => {
    const deep = `${'d/'.repeat(1000)}file`;
    await put(deep, 'e');
    expect(await list('')).toEqual([deep, 'e']);
    expect(await list('', { delimiter: '/' })).toEqual(['d/', 'e']);
    expect(await ktFiles(store).glob('**/file')).toEqual([deep]);
    await ktFiles(store).rmdir('d');
    expect(await list('')).toEqual(['e']);
    expect(existsSync(join(root, 'd'))).toBe(false);
  });
});
