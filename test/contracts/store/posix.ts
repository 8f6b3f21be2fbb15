/** The contract of the node:fs-shaped view: each mount does what node:fs does. */
import type { KtFs } from '@kube-transform/sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openPosixView } from '../../../packages/runtime/src/files/posix/open-posix-view.js';
import { userStore } from '../../../packages/runtime/src/files/user-store.js';
import type { FileStore } from '../../../packages/runtime/src/ports/index.js';
import { memoryFileStore } from '../../../packages/runtime/src/stores/memory-file-store.js';
import type { OpenEmpty } from './files.js';

/** The part of an open file that the tests use; the type of `ctx.fs()` does not promise it. */
interface Handle {
  read(into: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(data: Uint8Array, offset: number, length: number, position: number): Promise<unknown>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
}

/** The code that a promise rejects with. */
export const failure = async (promise: Promise<unknown>): Promise<string> => {
  const error: unknown = await promise.then(
    () => ({ code: 'none' }),
    (error: unknown) => error,
  );
  return String((error as { code?: unknown }).code);
};

/** Runs the contract on these mounts: `/data` and `/other` are over such a store. */
export function posixContract(
  name: string,
  open: OpenEmpty,
  mounts: readonly string[] = ['/data', '/other', '/scratch', '/mem'],
): void {
  describe(`posix view: ${name}`, () => {
    let own: FileStore;
    let other: FileStore;
    let view: (mounts?: Record<string, string | { url: string; write?: boolean }>) => Promise<KtFs>;
    let fs: KtFs['promises'];
    let closing: (() => Promise<unknown>)[];
    beforeEach(async () => {
      const inMemory = { store: memoryFileStore(), close: () => Promise.resolve() };
      const [first, second] = [mounts.includes('/data') ? await open() : inMemory, await open()];
      [own, other] = [first.store, second.store];
      closing = [first.close, second.close];
      const views = openPosixView(own, async (_, how) => (how.write ? writable : readable));
      const [writable, readable] = [userStore(other), userStore(other, { write: false })];
      view = async mounts => await views(mounts === undefined ? {} : { mounts });
      fs = (await view({ '/other': { url: 'other', write: true } })).promises;
    });
    afterEach(async () => {
      for (const close of closing) await close();
    });
    const opened = (path: string, flags: string): Promise<Handle> =>
      (fs as unknown as { open(path: string, flags: string): Promise<Handle> }).open(path, flags);

    describe.each(mounts)('%s', mount => {
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
        const writer = await opened(`${mount}/p`, 'r+');
        await writer.write(new TextEncoder().encode('xyz'), 0, 3, 4);
        await writer.close();
        expect(await fs.readFile(`${mount}/p`, 'utf8')).toBe('0123xyz789');
        const reader = await opened(`${mount}/p`, 'r');
        const into = new Uint8Array(4);
        expect(await reader.read(into, 0, 4, 3)).toMatchObject({ bytesRead: 4 });
        expect(new TextDecoder().decode(into)).toBe('3xyz');
        await reader.close();
        const cutter = await opened(`${mount}/p`, 'r+');
        await cutter.truncate(2);
        await cutter.write(new TextEncoder().encode('!'), 0, 1, 4);
        await cutter.close();
        expect(await fs.readFile(`${mount}/p`, 'utf8')).toBe('01\0\0!');
        const fresh = await opened(`${mount}/fresh`, 'w');
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
        const handle = await opened(`${mount}/to/deep/a`, 'a');
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
            () => opened(`${mount}/none`, 'r'),
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

      test('glob finds files by patterns', async () => {
        for (const path of ['a.txt', 'b.csv', 'd/c.txt', 'd/e/f.txt']) {
          await fs.mkdir(`${mount}/d/e`, { recursive: true });
          await fs.writeFile(`${mount}/${path}`, path);
        }
        const found = async (pattern: string): Promise<string[]> => {
          const paths: string[] = [];
          for await (const path of fs.glob(`${mount}/${pattern}`)) paths.push(path);
          return paths.sort();
        };
        expect(await found('*.txt')).toEqual([`${mount}/a.txt`]);
        expect(await found('**/*.txt')).toEqual(
          ['a.txt', 'd/c.txt', 'd/e/f.txt'].map(path => `${mount}/${path}`),
        );
        expect(await found('d/{c,x}.*')).toEqual([`${mount}/d/c.txt`]);
        expect(await found('none/*')).toEqual([]);
      });
    });

    test('a mount that is only read - is read, and refuses each change with EROFS', async () => {
      await fs.writeFile('/other/d/a', 'text');
      const { promises: read } = await view({ '/other': 'other' });
      expect(await read.readFile('/other/d/a', 'utf8')).toBe('text');
      expect(await read.readdir('/other/d')).toEqual(['a']);
      const opened = (flags: string): Promise<Handle> =>
        (read as unknown as { open(path: string, flags: string): Promise<Handle> }).open(
          '/other/d/new',
          flags,
        );
      const changes = [
        () => read.writeFile('/other/b', ''),
        () => read.appendFile('/other/d/a', 'x'),
        () => read.mkdir('/other/e'),
        () => read.unlink('/other/d/a'),
        () => read.rm('/other/d', { recursive: true }),
        () => read.rename('/other/d/a', '/other/b'),
        () => read.rename('/other/d', '/other/e'),
        () => read.copyFile('/other/d/a', '/other/b'),
        () => opened('w'),
      ];
      for (const change of changes) expect(await failure(change()), String(change)).toBe('EROFS');
      await expect(read.writeFile('/other/b', '')).rejects.toThrow(/opened to be read.*\{ write: true \}/);
      expect(await fs.readdir('/other')).toEqual(['d']);
      expect(await fs.readFile('/other/d/a', 'utf8')).toBe('text');
    });

    test('views - have /data, /scratch and /mem in common, and mounts of their own', async () => {
      const { promises: plain } = await view();
      expect((await fs.readdir('/')).sort()).toEqual(['data', 'mem', 'other', 'scratch']);
      expect((await plain.readdir('/')).sort()).toEqual(['data', 'mem', 'scratch']);
      for (const path of ['/data/x', '/mem/x', '/scratch/x']) {
        await fs.writeFile(path, path);
        expect(await plain.readFile(path, 'utf8')).toBe(path);
      }
      await fs.copyFile('/data/x', '/other/y');
      expect(await failure(plain.readFile('/other/y'))).toBe('ENOENT');
      expect(await failure(fs.rename('/data/x', '/other/x'))).toBe('EXDEV');
      expect([await other.head('y'), await own.head('y')].map(info => info?.size)).toEqual([7, undefined]);
      expect(await view({ '/other': 'other' })).toBe(await view({ '/other': { url: 'other' } }));
    });

    test('a path that no store can be mounted at - is refused', async () => {
      for (const at of ['other', '/', '', '/data', '/mem', '/a/b', '/..', '/.', '//', '/a\0'])
        expect(await failure(view({ [at]: 'other' })), at).toBe('BAD_MOUNT');
      const odd = "/über %2e%2e 'x'";
      const { promises } = await view({ [odd]: { url: 'other', write: true } });
      await promises.writeFile(`${odd}/f`, '1');
      expect(await promises.readdir(odd)).toEqual(['f']);
    });
  });
}
