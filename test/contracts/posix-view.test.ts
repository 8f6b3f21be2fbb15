/** The node:fs-shaped view, over both stores. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KtFs } from '@kube-transform/sdk';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { localFileStore } from '../../packages/runtime/src/stores/local/local-file-store.js';
import { memoryFileStore } from '../../packages/runtime/src/stores/memory-file-store.js';
import { fileGlob } from '../../packages/runtime/src/files/glob.js';
import { openStore } from '../../packages/runtime/src/open-store.js';
import { openPosixView } from '../../packages/runtime/src/files/posix/open-posix-view.js';
import { type UserStore, userStore } from '../../packages/runtime/src/files/user-store.js';
import { answering } from '../objectstore/answering.js';
import { posixView, sharedMounts } from '../../packages/runtime/src/files/posix/posix-view.js';
import type { FileStore } from '../../packages/runtime/src/ports/index.js';
import { posixContract, failure } from './store/posix.js';

posixContract('mem', async () => ({ store: memoryFileStore(), close: () => Promise.resolve() }));
posixContract('file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kt-posix-'));
  return { store: localFileStore(join(folder, 'store')), close: () => rm(folder, { recursive: true }) };
});

describe.each(['mem', 'file'])('posix view over a %s store', kind => {
  let folder: string;
  let store: FileStore;
  let view: KtFs;
  let fs: KtFs['promises'];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kt-posix-'));
    store = kind === 'mem' ? memoryFileStore() : localFileStore(join(folder, 'store'));
    await mkdir(join(folder, 'scratch'));
    view = await posixView(sharedMounts(userStore(store), join(folder, 'scratch'), fileGlob));
    fs = view.promises;
  });
  afterEach(() => rm(folder, { recursive: true }));
  test('copies between mounts; a rename between them is EXDEV', async () => {
    await fs.writeFile('/scratch/a', 'moved');
    await fs.copyFile('/scratch/a', '/data/out/a');
    await fs.copyFile('/data/out/a', '/mem/a');
    expect(await fs.readFile('/mem/a', 'utf8')).toBe('moved');
    expect(new TextDecoder().decode(await store.get('out/a'))).toBe('moved');
    expect(await failure(fs.rename('/scratch/a', '/data/b'))).toBe('EXDEV');
    expect((await fs.readdir('/')).sort()).toEqual(['data', 'mem', 'scratch']);
  });
  test('/data shows the store, directories and all, and sees its changes', async () => {
    await store.put('x/y/z', new TextEncoder().encode('1'));
    expect(await fs.readdir('/data/x')).toEqual(['y']);
    expect((await fs.stat('/data/x/y')).isDirectory()).toBe(true);
    await store.put('x/y/z', new TextEncoder().encode('22'));
    expect(await fs.readFile('/data/x/y/z', 'utf8')).toBe('22');
    await fs.rm('/data/x', { recursive: true });
    expect(await store.head('x/y/z')).toBeNull();
  });
  test('another view has mounts of its own', async () => {
    await mkdir(join(folder, 'other'));
    const other = await posixView(
      sharedMounts(userStore(memoryFileStore({ only: 'here' })), join(folder, 'other'), fileGlob),
    );
    expect(await other.promises.readdir('/data')).toEqual(['only']);
    expect(await fs.readdir('/data')).toEqual([]);
    await other.promises.writeFile('/mem/x', '1');
    await other.promises.writeFile('/scratch/x', '1');
    expect([await fs.readdir('/mem'), await fs.readdir('/scratch')]).toEqual([[], []]);
  });
});

test('the files of a web server - are read by their names, and nothing is listed or changed', async () => {
  await using server = await answering((request, response) => {
    request.resume();
    response.writeHead(request.url === '/a.txt' ? 200 : 404, { 'content-length': '4' });
    response.end(request.method === 'HEAD' ? undefined : 'text');
  });
  const open = async (url: string, how: { write: boolean }): Promise<UserStore> =>
    userStore(await openStore(url), how);
  const { promises } = await openPosixView(memoryFileStore(), open)({ mounts: { '/web': server.url } });
  expect(await promises.readFile('/web/a.txt', 'utf8')).toBe('text');
  expect((await promises.stat('/web/a.txt')).size).toBe(4);
  expect(await failure(promises.readFile('/web/none'))).toBe('ENOENT');
  expect(await failure(promises.readdir('/web'))).toBe('ENOSYS');
  expect(await failure(promises.writeFile('/web/a.txt', ''))).toBe('EROFS');
});

test('says what to install where @zenfs/core is not there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kt-nozen-'));
  const contents = `
    import { memoryFileStore } from './stores/memory-file-store.js';
    import { userStore } from './files/user-store.js';
    import { posixView, sharedMounts } from './files/posix/posix-view.js';
    await posixView(sharedMounts(userStore(memoryFileStore()), process.argv[2] + '/s', () => [])).catch(error => console.log(error.code, error.message));`;
  const resolveDir = join(import.meta.dirname, '../../packages/runtime/src');
  const outfile = join(folder, 'run.mjs');
  await build({
    stdin: { contents, resolveDir },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['@zenfs/core'],
    logLevel: 'error',
  });
  expect(execFileSync(process.execPath, [outfile, folder], { encoding: 'utf8' })).toMatch(
    /^ZENFS_MISSING .*npm install @zenfs\/core/,
  );
  await rm(folder, { recursive: true });
});

test('/scratch - goes with its process; what a killed one left goes when the next is made', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'kt-tmpdir-'));
  const from = (path: string): string =>
    JSON.stringify(new URL(`../../packages/runtime/dist/${path}`, import.meta.url).href);
  const program = (end: string): string => `
    import { openPosixView } from ${from('files/posix/open-posix-view.js')};
    import { memoryFileStore } from ${from('stores/memory-file-store.js')};
    const { promises } = await openPosixView(memoryFileStore(), () => { throw new Error('no others') })();
    await promises.writeFile('/scratch/x', 'of a function');
    ${end}`;
  const run = (end: string): Promise<string[]> => {
    spawnSync(process.execPath, ['--input-type=module', '-e', program(end)], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: 'inherit',
    });
    return readdir(temporary);
  };
  await mkdir(join(temporary, 'kt-scratch-other-1-1-a'));
  expect(await run('process.kill(process.pid, "SIGKILL")')).toHaveLength(2);
  expect(await run('')).toEqual(['kt-scratch-other-1-1-a']);
  expect(await run('process.exit(3)')).toEqual(['kt-scratch-other-1-1-a']);
  await rm(temporary, { recursive: true });
});
