/** `kt files` on buckets of real servers. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore } from '@kube-transform/runtime';
import { describe, expect, test } from 'vitest';
import { kt, project, runKt } from '../kit/kt.js';
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
    // A large one goes up in parts, whose etag tells nothing of the whole.
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
