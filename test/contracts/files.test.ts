/** The contract of files on the stores that need no server, and how a store is opened by its URL. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ktFiles } from '../../packages/runtime/src/files/kt-files.js';
import { localFileStore } from '../../packages/runtime/src/stores/local/local-file-store.js';
import { memoryFileStore } from '../../packages/runtime/src/stores/memory-file-store.js';
import { openStore } from '../../packages/runtime/src/open-store.js';
import { rejection } from '../kit/stores.js';
import { filesContract } from './store/files.js';
import { openedContract } from './store/opened.js';
import { textFilesContract } from './store/text-files.js';

for (const contract of [filesContract, textFilesContract, openedContract]) {
  contract('mem', async () => ({ store: memoryFileStore(), close: () => Promise.resolve() }));
  contract('file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kt-files-'));
    return { store: localFileStore(join(folder, 'store')), close: () => rm(folder, { recursive: true }) };
  });
}

test.each(['mem:', 'file:data', 'https://host/x'])(
  'signedUrl - is refused by %s, with a sentence',
  async url => {
    const error = await rejection(ktFiles(await openStore(url)).signedUrl('a.txt'));
    expect(error.code).toBe('SIGNING_UNSUPPORTED');
    expect(error.message).toMatch(/^There is no signed URL of "a\.txt" in .*Stores of s3:, gs: and az: do/);
  },
);

describe('openStore', () => {
  test('knows file: in all its forms, bare paths, mem:, buckets and web servers', async () => {
    const url = async (from: string): Promise<string | null> => (await openStore(from)).capabilities.url;
    const here = `file://${process.cwd()}`;
    expect(await url('file:./data')).toBe(`${here}/data`);
    expect(await url('file:.')).toBe(here);
    expect(await url('data/x')).toBe(`${here}/data/x`);
    expect(await url('file:/tmp/a b')).toBe('file:///tmp/a%20b');
    expect(await url('file:///tmp/a%20b')).toBe('file:///tmp/a%20b');
    expect(await url('/tmp/100%')).toBe('file:///tmp/100%25');
    expect((await openStore('s3://bucket/x?region=eu-1')).capabilities.kind).toBe('s3');
    expect((await openStore('gs://bucket/x')).capabilities.kind).toBe('gs');
    expect((await openStore('az://account/data/x')).capabilities.kind).toBe('az');
    expect((await openStore('https://host/x')).capabilities).toEqual({
      kind: 'https',
      url: 'https://host/x',
    });
    expect((await openStore('mem:')).capabilities).toEqual({ kind: 'mem', url: null });
  });
  test('says what is wrong with others', async () => {
    for (const bad of [
      'gs:bucket/x',
      'gs://b?x=1',
      'az://account',
      's3:bucket/x',
      's3://b?x=1',
      'flie:./data',
      'http://x/y?z',
      'file:',
      'file://host/x',
      'file:%zz',
    ])
      expect((await rejection(openStore(bad))).code, bad).toBe('UNKNOWN_STORE');
    expect((await rejection(openStore('flie:./data'))).message).toContain('Did you mean "file"?');
  });
});
