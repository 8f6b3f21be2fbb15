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
import { userStore } from '../../packages/runtime/src/files/user-store.js';
import { posixView } from '../../packages/runtime/src/files/posix/posix-view.js';
import type { FileStore } from '../../packages/runtime/src/ports/index.js';

/** The part of an open file that the tests use; the type of `ctx.fs()` does not promise it. */
interface Handle {
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(data: Uint8Array, offset: number, length: number, position: number): Promise<unknown>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

const failure = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => ({ code: 'none' }),
    (error: unknown) => error,
  );
  return String((error as { code?: unknown }).code);
};

describe.each(['mem', 'file'])('posix view over a %s store', kind => {
  let folder: string;
  let store: FileStore;
  let view: KtFs;
  let fs: KtFs['promises'];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kt-posix-'));
    store = kind === 'mem' ? memoryFileStore() : localFileStore(join(folder, 'store'));
    await mkdir(join(folder, 'scratch'));
    view = await posixView(userStore(store), { scratch: join(folder, 'scratch') });
    fs = view.promises;
  });
  afterEach(() => rm(folder, { recursive: true }));
  const open = (path: string, flags: string): Promise<Handle> =>
    (fs as unknown as { open(path: string, flags: string): Promise<Handle> }).open(path, flags);

  describe.each(['/data', '/scratch', '/mem'])('%s', mount => {
    test('writes, reads, replaces and copies whole files', async () => {
      await fs.writeFile(`${mount}/a.txt`, 'grüße');
      expect(await fs.readFile(`${mount}/a.txt`, 'utf8')).toBe('grüße');
      expect(await fs.readFile(`${mount}/a.txt`, { encoding: 'utf8' })).toBe('grüße');
      expect((await fs.readFile(`${mount}/a.txt`)).length).toBe(7);
      await fs.writeFile(`${mount}/a.txt`, new Uint8Array([65, 66]));
      await fs.copyFile(`${mount}/a.txt`, `${mount}/b.txt`);
      expect(await fs.readFile(`${mount}/b.txt`, 'utf8')).toBe('AB');
      expect((await fs.readdir(mount)).sort()).toEqual(['a.txt', 'b.txt']);
    });
    test('keeps all of twenty concurrent appends', async () => {
      await Promise.all(Array.from({ length: 20 }, (_, i) => fs.appendFile(`${mount}/log`, `${i}\n`)));
      expect(
        (await fs.readFile(`${mount}/log`, 'utf8'))
          .trim()
          .split('\n')
          .map(Number)
          .sort((a, b) => a - b),
      ).toEqual(Array.from({ length: 20 }, (_, i) => i));
    });
    test('reads and writes at positions, cuts and grows', async () => {
      await fs.writeFile(`${mount}/p`, '0123456789');
      const writer = await open(`${mount}/p`, 'r+');
      await writer.write(new TextEncoder().encode('xyz'), 0, 3, 4);
      await writer.close();
      expect(await fs.readFile(`${mount}/p`, 'utf8')).toBe('0123xyz789');
      const reader = await open(`${mount}/p`, 'r');
      const into = new Uint8Array(4);
      expect(await reader.read(into, 0, 4, 3)).toMatchObject({ bytesRead: 4 });
      expect(new TextDecoder().decode(into)).toBe('3xyz');
      await reader.close();
      const cutter = await open(`${mount}/p`, 'r+');
      await cutter.truncate(2);
      await cutter.write(new TextEncoder().encode('!'), 0, 1, 4);
      await cutter.close();
      expect(await fs.readFile(`${mount}/p`, 'utf8')).toBe('01\0\0!');
      const fresh = await open(`${mount}/fresh`, 'w');
      await fresh.write(new TextEncoder().encode('new'), 0, 3, 0);
      await fresh.close();
      expect(await fs.readFile(`${mount}/fresh`, 'utf8')).toBe('new');
    });
    test('makes and removes directories', async () => {
      await fs.mkdir(`${mount}/d/e/f`, { recursive: true });
      await fs.mkdir(`${mount}/d/e/f`, { recursive: true });
      expect((await fs.stat(`${mount}/d/e`)).isDirectory()).toBe(true);
      await fs.writeFile(`${mount}/d/e/f/g`, '1');
      await fs.writeFile(`${mount}/d/h`, '2');
      expect((await fs.readdir(`${mount}/d`)).sort()).toEqual(['e', 'h']);
      expect(await failure(fs.mkdir(`${mount}/d`))).toBe('EEXIST');
      await fs.rm(`${mount}/d`, { recursive: true });
      expect(await failure(fs.stat(`${mount}/d`))).toBe('ENOENT');
      expect(await fs.readdir(mount)).toEqual([]);
      await fs.rm(`${mount}/d`, { recursive: true, force: true });
    });
    test('renames files and directories within the mount', async () => {
      await fs.mkdir(`${mount}/from/deep`, { recursive: true });
      await fs.writeFile(`${mount}/from/deep/a`, 'a');
      await fs.writeFile(`${mount}/old`, 'x');
      await fs.writeFile(`${mount}/new`, 'y');
      await fs.rename(`${mount}/old`, `${mount}/new`);
      expect(await fs.readFile(`${mount}/new`, 'utf8')).toBe('x');
      expect(await failure(fs.stat(`${mount}/old`))).toBe('ENOENT');
      await fs.rename(`${mount}/from`, `${mount}/to`);
      expect(await fs.readFile(`${mount}/to/deep/a`, 'utf8')).toBe('a');
      expect(await failure(fs.stat(`${mount}/from`))).toBe('ENOENT');
      const handle = await open(`${mount}/to/deep/a`, 'a');
      await handle.write(new TextEncoder().encode('b'), 0, 1, 1);
      await handle.close();
      expect(await fs.readFile(`${mount}/to/deep/a`, 'utf8')).toBe('ab');
    });
    test('unlinks, and says what stat says', async () => {
      await fs.writeFile(`${mount}/s`, '12345');
      const stats = await fs.stat(`${mount}/s`);
      expect([stats.size, stats.isFile(), stats.isDirectory()]).toEqual([5, true, false]);
      expect(stats.mtimeMs).toBeGreaterThan(1_600_000_000_000);
      await fs.unlink(`${mount}/s`);
      expect(await failure(fs.unlink(`${mount}/s`))).toBe('ENOENT');
    });
    test('fails with the codes of node:fs', async () => {
      await fs.mkdir(`${mount}/dir`);
      await fs.writeFile(`${mount}/dir/in`, '');
      const calls: Record<string, (() => Promise<unknown>)[]> = {
        ENOENT: [
          () => fs.readFile(`${mount}/none`),
          () => fs.stat(`${mount}/none`),
          () => fs.readdir(`${mount}/none`),
          () => open(`${mount}/none`, 'r'),
        ],
        EISDIR: [
          () => fs.readFile(`${mount}/dir`),
          () => fs.writeFile(`${mount}/dir`, ''),
          () => fs.unlink(`${mount}/dir`),
        ],
        ENOTEMPTY: [() => fs.rm(`${mount}/dir`)],
        ENOTDIR: [() => fs.readdir(`${mount}/dir/in`)],
      };
      for (const [code, each] of Object.entries(calls))
        for (const call of each) expect(await failure(call()), `${code}: ${call}`).toBe(code);
      expect(await failure(fs.rm(`${mount}/none`))).toBe('ENOENT');
      await expect(fs.readFile(`${mount}/none`)).rejects.toThrow(`'${mount}/none'`);
    });
  });

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
    const other = await posixView(userStore(memoryFileStore({ only: 'here' })), {
      scratch: join(folder, 'other'),
    });
    expect(await other.promises.readdir('/data')).toEqual(['only']);
    expect(await fs.readdir('/data')).toEqual([]);
    await other.promises.writeFile('/mem/x', '1');
    await other.promises.writeFile('/scratch/x', '1');
    expect([await fs.readdir('/mem'), await fs.readdir('/scratch')]).toEqual([[], []]);
  });
});

test('says what to install where @zenfs/core is not there', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kt-nozen-'));
  const contents = `
    import { memoryFileStore } from './stores/memory-file-store.js';
    import { userStore } from './files/user-store.js';
    import { posixView } from './files/posix/posix-view.js';
    await posixView(userStore(memoryFileStore()), { scratch: process.argv[2] + '/s' }).catch(error => console.log(error.code, error.message));`;
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
    const { promises } = await openPosixView(memoryFileStore())();
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
