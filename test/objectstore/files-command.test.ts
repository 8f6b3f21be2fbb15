/** `kt files` on buckets of real servers. */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore } from '@kube-transform/runtime';
import { describe, expect, test, vi } from 'vitest';
import { BIN, kt, project, runKt } from '../kit/kt.js';
import { bytes, listed } from '../kit/stores.js';
import { faultyProxy } from './faulty-proxy.js';
import { hasServers, newPlace } from './servers.js';

const MIB = 2 ** 20;
const sumOf = (body: Uint8Array): string => createHash('sha256').update(body).digest('hex');

describe.skipIf(!hasServers)('kt files on a bucket', () => {
  test('there and back; what the bucket has already is left as it is', async () => {
    const [dir, url] = [await project(), newPlace('s3')];
    const files = (...args: string[]) => runKt(dir, ['files', ...args, '--store', url]);
    const big = randomBytes(20 * MIB + 1);
    await mkdir(join(dir, 'in/sub'), { recursive: true });
    await writeFile(join(dir, 'in/big'), big);
    for (let n = 0; n < 40; n++) await writeFile(join(dir, `in/sub/${n}`), `${n}`);
    await writeFile(join(dir, 'in/sub/odd %2e%2e + ünï'), 'odd');
    await symlink('/etc/passwd', join(dir, 'in/link'));
    expect((await files('put', 'in', '.')).out).toBe('Put 42 files, 21.0 MB.\n');
    expect((await files('put', 'in', '.')).out).toBe('Put 0 files, 0 B, 42 there already.\n');
    // One byte in the last of its parts.
    await writeFile(join(dir, 'in/big'), Buffer.concat([big.subarray(0, -1), Buffer.of(big.at(-1)! ^ 1)]));
    expect((await files('put', 'in', '.')).out).toBe('Put 1 file, 21.0 MB, 41 there already.\n');
    await writeFile(join(dir, 'in/big'), big);
    expect((await files('put', 'in', '.')).out).toBe('Put 1 file, 21.0 MB, 41 there already.\n');
    expect((await files('get', 'in', 'out')).out).toBe('Got 42 files, 21.0 MB.\n');
    expect(sumOf(await readFile(join(dir, 'out/in/big')))).toBe(sumOf(big));
    expect(await readdir(join(dir, 'out/in/sub'))).toHaveLength(41);
    expect((await files('get', 'in', 'out')).out).toBe('Got 0 files, 0 B, 42 there already.\n');
    expect((await files('du')).out).toMatch(/^ {2}21\.0 MB +42 files {2}in\/\n/);
    expect((await files('cp', 'in/sub', 'copy')).out).toMatch(/^Copied 41 files/);
    expect((await files('ls', 'copy/sub/1*')).out.split('\n').slice(0, 2)).toEqual([
      'copy/sub/1',
      'copy/sub/10',
    ]);
    expect((await files('rm', 'copy/sub/*', 'in/big')).out).toMatch(/^Deleted 42 files/);
    expect((await files('ls')).out).toBe('in/\n');
  }, 60_000);

  test.each(['s3', 'rgw'])(
    '%s: put that is broken off - goes on with what is missing',
    async name => {
      const [dir, url] = [await project(), new URL(newPlace(name))];
      await mkdir(join(dir, 'in'));
      for (let n = 0; n < 6; n++) await writeFile(join(dir, `in/${n}`), randomBytes(9 * MIB));
      await using proxy = await faultyProxy(url.searchParams.get('endpoint') ?? '', {
        perMille: 0,
        conflicts: false,
      });
      const through = new URL(url);
      through.searchParams.set('endpoint', proxy.url);
      const args = ['files', 'put', 'in', '.', '--parallel', '1', '--store', through.href];
      const child = spawn(process.execPath, [BIN, ...args], { cwd: dir, stdio: 'ignore' });
      const ended = new Promise(resolve => child.once('exit', resolve));
      const isAtThird = (): boolean => proxy.asked.some(asked => /^POST \S+in\/2\?uploads/.test(asked));
      await vi.waitUntil(isAtThird, { timeout: 30_000, interval: 5 });
      child.kill('SIGINT');
      expect(await ended).toBe(130);
      await using store = await openStore(url.href);
      const there = await listed(store, '');
      expect(there.length).toBeGreaterThanOrEqual(2);
      expect(there.length).toBeLessThan(6);
      const again = await runKt(dir, ['files', 'put', 'in', '.', '--store', url.href]);
      expect(again.out).toMatch(
        new RegExp(`^Put ${6 - there.length} files?, .*, ${there.length} there already`),
      );
      for (let n = 0; n < 6; n++)
        expect(sumOf(await store.get(`in/${n}`))).toBe(sumOf(await readFile(join(dir, `in/${n}`))));
    },
    60_000,
  );

  test('from a bucket into a folder by URLs, and back', async () => {
    const [dir, url] = [await project(), newPlace('rgw')];
    await using store = await openStore(url);
    await store.put('a/x', bytes('from the bucket'));
    const at = (key: string): string => url.replace('?', `/${key}?`);
    expect((await runKt(dir, ['files', 'cp', at('a/x'), 'file:./y'])).out).toBe('Copied 1 file, 15 B.\n');
    expect(await readFile(join(dir, 'y'), 'utf8')).toBe('from the bucket');
    expect((await runKt(dir, ['files', 'cp', 'file:./y', at('b/')])).code).toBe(0);
    expect(await listed(store, '')).toEqual(['a/x', 'b/y']);
  });

  test('names that a folder cannot have - are told, and go nowhere else', async () => {
    const [dir, url] = [await project(), newPlace('rgw')];
    await using store = await openStore(url);
    await store.put('a', bytes('file'));
    await store.put('a/b', bytes('below it'));
    const { code, out, err } = await runKt(dir, ['files', 'get', '.', 'out', '--store', url]);
    expect(code).toBe(2);
    expect(out).toMatch(/^Got 1 file, [48] B, 1 not \(see above\)\.\n$/);
    expect(err).toMatch(/^error FILE_REFUSED {2}a(\/b)?: It cannot be a file at/);
    expect(await readdir(join(dir, 'out'))).toEqual(['a']);
  });

  test('through a network that fails - all comes, whole', async () => {
    const [dir, url] = [await project(), new URL(newPlace('rgw'))];
    await using proxy = await faultyProxy(url.searchParams.get('endpoint') ?? '', {
      perMille: 80,
      conflicts: true,
    });
    url.searchParams.set('endpoint', proxy.url);
    await using store = await openStore(url.href);
    const big = randomBytes(9 * MIB);
    await store.put('in/big', big);
    for (let n = 0; n < 60; n++) await store.put(`in/${n}`, bytes(`${n}`));
    const got = await kt(dir, ['files', 'get', 'in', '.', '--store', url.href]);
    expect(got).toMatchObject({ code: 0, out: 'Got 61 files, 9.4 MB.\n' });
    expect(sumOf(await readFile(join(dir, 'in/big')))).toBe(sumOf(big));
    expect(proxy.faults.size).toBeGreaterThan(0);
  }, 120_000);

  test('no server, no bucket - exit code 3 or 2, with what to do', async () => {
    const dir = await project();
    const url = newPlace('s3');
    const gone = await runKt(dir, ['files', 'ls', '--store', url.replace('kt-test', 'no-such-bucket')]);
    expect(gone.err).toContain('Make the bucket');
    expect(gone.code).toBe(3);
  });
});
