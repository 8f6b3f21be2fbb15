/** kube-transform's fsutil names, on both stores. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KtFiles } from '@kube-transform/sdk';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { localFileStore } from '../../packages/runtime/src/stores/local/local-file-store.js';
import { memoryFileStore } from '../../packages/runtime/src/stores/memory-file-store.js';
import { ktFiles } from '../../packages/runtime/src/files/kt-files.js';
import { openStore } from '../../packages/runtime/src/open-store.js';
import type { FileStore } from '../../packages/runtime/src/ports/index.js';
import { rejection } from '../kit/stores.js';

describe.each(['mem', 'file'])('files on a %s store', kind => {
  let folder: string;
  let store: FileStore;
  let files: KtFiles;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kt-files-'));
    store = kind === 'mem' ? memoryFileStore() : localFileStore(folder);
    files = ktFiles(store);
    for (const path of ['in/a.csv', 'in/b.csv', 'in/b.txt', 'in/.hidden.csv', 'in/deep/c.csv', 'top.txt'])
      await files.write(path, `of ${path}`);
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('listdir gives names, sorted', async () => {
    expect(await files.listdir('in')).toEqual(['.hidden.csv', 'a.csv', 'b.csv', 'b.txt', 'deep']);
    expect(await files.listdir('')).toEqual(['in', 'top.txt']);
    expect(await files.listdir('./in//deep/')).toEqual(['c.csv']);
    expect(await files.listdir('nowhere')).toEqual([]);
  });
  test('isfile, isdir and exists tell files from directories and from nothing', async () => {
    const kinds = async (path: string): Promise<boolean[]> => [
      await files.isfile(path),
      await files.isdir(path),
      await files.exists(path),
    ];
    expect(await kinds('in/a.csv')).toEqual([true, false, true]);
    expect(await kinds('in')).toEqual([false, true, true]);
    expect(await kinds('in/')).toEqual([false, true, true]);
    expect(await kinds('i')).toEqual([false, false, false]);
    expect(await kinds('.')).toEqual([false, true, true]);
  });
  test('mkdir makes nothing; a directory is there while files are below it', async () => {
    await files.mkdir('new/dir');
    expect(await files.isdir('new/dir')).toBe(false);
    await files.write('new/dir/a', '');
    expect(await files.isdir('new/dir')).toBe(true);
    expect((await rejection(files.mkdir('../out'))).code).toBe('BAD_PATH');
  });
  test('remove takes one file', async () => {
    await files.remove('in/a.csv');
    expect(await files.exists('in/a.csv')).toBe(false);
    expect((await rejection(files.remove('in/a.csv'))).code).toBe('NOT_FOUND');
    expect((await rejection(files.remove('in'))).message).toContain('use `rmdir`');
  });
  test('rmdir takes all below, in batches', async () => {
    await Promise.all(Array.from({ length: 1203 }, (_, i) => files.write(`in/many/${i}`, '')));
    await files.rmdir('in');
    await files.rmdir('in');
    expect(await files.listdir('')).toEqual(['top.txt']);
    expect((await rejection(files.rmdir('.'))).code).toBe('BAD_PATH');
  });
  test('stat gives a size and a type, and refuses what is not there', async () => {
    expect(await files.stat('in/a.csv')).toMatchObject({ name: 'a.csv', size: 11, type: 'file' });
    expect(await files.stat('in/deep')).toEqual({ name: 'deep', size: 0, modifiedMs: 0, type: 'directory' });
    expect((await rejection(files.stat('in/none'))).message).toContain('"in/none"');
  });
  test('glob finds a name with a line break by each pattern that finds its neighbours', async () => {
    const named = ['a.txt', 'two\nlines.txt'];
    for (const name of [...named, '.hidden.txt']) await files.write(`names/${name}`, name);
    for (const pattern of ['names/*.txt', 'names/**/*.txt', 'names/**', '**/*[.]txt'])
      expect(
        (await files.glob(pattern)).filter(path => path.startsWith('names/')),
        pattern,
      ).toEqual(named.map(name => `names/${name}`));
  });
  test('glob gives the files that match, sorted', async () => {
    expect(await files.glob('in/*.csv')).toEqual(['in/a.csv', 'in/b.csv']);
    expect(await files.glob('**/*.csv')).toEqual(['in/a.csv', 'in/b.csv', 'in/deep/c.csv']);
    expect(await files.glob('in/**')).toEqual(['in/a.csv', 'in/b.csv', 'in/b.txt', 'in/deep/c.csv']);
    expect(await files.glob('in/[ab].{csv,txt}')).toEqual(['in/a.csv', 'in/b.csv', 'in/b.txt']);
    expect(await files.glob('in/?.txt')).toEqual(['in/b.txt']);
    expect(await files.glob('./in/.*')).toEqual(['in/.hidden.csv']);
    expect(await files.glob('top.txt')).toEqual(['top.txt']);
    expect(await files.glob('none.txt')).toEqual([]);
    for (const name of ['x(1)+a.csv', 'x!@$^.csv', 'x|y.csv']) await files.write(`odd/${name}`, '');
    expect(await files.glob('odd/x(1)+*.csv')).toEqual(['odd/x(1)+a.csv']);
    expect(await files.glob('odd/x|*')).toEqual(['odd/x|y.csv']);
    expect(await files.glob('odd/x!@$^*')).toEqual(['odd/x!@$^.csv']);
    for (const bad of ['/in/*', '../*', 'in/*/../x'])
      expect((await rejection(files.glob(bad))).code).toBe('BAD_PATH');
  });
  test('reading and writing take text, bytes and ranges', async () => {
    await files.write('t', 'grüße');
    expect(await files.read('t')).toBe('grüße');
    expect(await files.readText('./t')).toBe('grüße');
    expect([...(await files.readBytes('t', { start: 2, end: 4 }))]).toEqual([0xc3, 0xbc]);
    await files.write('t', new Uint8Array([1, 2]));
    expect([...(await files.readBytes('t'))]).toEqual([1, 2]);
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array([3]);
      yield new Uint8Array([4, 5]);
    };
    await files.write('t', chunks());
    expect([...(await files.readBytes('t'))]).toEqual([3, 4, 5]);
    const broken = async function* (): AsyncGenerator<Uint8Array> {
      yield new Uint8Array([6]);
      throw new Error('no more');
    };
    await expect(files.write('t', broken())).rejects.toThrow('no more');
    expect([...(await files.readBytes('t'))]).toEqual([3, 4, 5]);
    expect((await rejection(files.read('none'))).code).toBe('NOT_FOUND');
    let streamed = 0;
    for await (const chunk of files.stream('in/a.csv', { start: 3 })) streamed += chunk.length;
    expect(streamed).toBe(8);
  });
  test('text - begins behind its byte order mark, and is an error where it is no UTF-8', async () => {
    await files.write('bom', '\ufeffid,name\n1,\ufeffx');
    expect(await files.read('bom')).toBe('id,name\n1,\ufeffx');
    expect((await files.readBytes('bom')).length).toBe(17);
    await files.write('bom.json', '\ufeff{"a": 1}');
    expect(await files.readJson('bom.json')).toEqual({ a: 1 });
    const broken: [number[], string][] = [
      [[0x61, 0xe9, 0x62], 'at byte 1 (e9 62)'],
      [[0x61, 0x62, 0xe2, 0x82], 'at byte 2 (e2 82)'],
      [[0x61, 0xe2, 0x28, 0xa1, 0x62], 'at byte 1 (e2 28 a1 62)'],
      [[0xed, 0xa0, 0x80], 'at byte 0 (ed a0 80)'],
      [[0xff, 0xfe, 0x61, 0x00], 'the byte order mark of UTF-16'],
      [[...new TextEncoder().encode('grüße😀'.repeat(1000)), 0x80], 'at byte 11000 (80)'],
    ];
    for (const [bytes, where] of broken) {
      await files.write('broken', Uint8Array.from(bytes));
      const reader = await files.open('broken');
      const reads = [files.read('broken'), files.readText('broken'), files.readJson('broken'), reader.read()];
      for (const error of await Promise.all(reads.map(rejection))) {
        expect(error.code).toBe('BAD_TEXT');
        expect(error.message).toContain(`"broken" is not UTF-8: `);
        expect(error.message).toContain(where);
      }
    }
  });
  test('what is neither text nor bytes - is not written', async () => {
    await files.write('kept', 'old');
    const handle = await files.open('kept', 'a');
    for (const data of [5, null, undefined, {}, [1, 2], new Date(0), () => 1] as unknown as string[]) {
      for (const write of [files.write('kept', data), files.append('kept', data), handle.write(data)])
        expect((await rejection(write)).code).toBe('BAD_DATA');
    }
    const half = await rejection(files.write('kept', 'ab\ud83d'));
    expect([half.code, half.message.includes('character 3')]).toEqual(['BAD_TEXT', true]);
    expect(await files.read('kept')).toBe('old');
    const view = new Float64Array([1.5]) as unknown as Uint8Array;
    await files.write('view', view);
    expect(new Float64Array((await files.readBytes('view')).slice().buffer)).toEqual(new Float64Array([1.5]));
    await files.write('view', new Uint8Array([7, 8]).buffer as unknown as Uint8Array);
    expect([...(await files.readBytes('view'))]).toEqual([7, 8]);
  });
  test('append loses nothing to many others', async () => {
    const others = [files, ktFiles(store), ktFiles(store)];
    await Promise.all(Array.from({ length: 60 }, (_, i) => others[i % 3]!.append('log', `line ${i}\n`)));
    const lines = (await files.read('log')).trimEnd().split('\n');
    expect(lines.sort()).toEqual(Array.from({ length: 60 }, (_, i) => `line ${i}`).sort());
  });
  test('open reads, writes at close, and adds', async () => {
    const writer = await files.open('h', 'w');
    await writer.write('one ');
    await writer.write(new TextEncoder().encode('two'));
    expect(await files.exists('h')).toBe(false);
    await writer.close();
    await writer.close();
    const adder = await files.open('h', 'a');
    await adder.write(' three');
    await adder.close();
    const reader = await files.open('h');
    expect(await reader.read()).toBe('one two three');
    let text = '';
    for await (const chunk of reader) text += new TextDecoder().decode(chunk);
    expect(text).toBe('one two three');
    for (const failed of [writer.write('x'), writer.read(), reader.write('x')])
      expect((await rejection(failed)).code).toBe('BAD_MODE');
    await reader.close();
    expect((await rejection(reader.read())).code).toBe('BAD_MODE');
    expect((await rejection(files.open('none'))).code).toBe('NOT_FOUND');
    expect((await rejection(files.open('h', 'x' as 'r'))).code).toBe('BAD_MODE');
  });
  test('join makes one path, within the store', () => {
    expect(files.join('a', './b/', '../c', 'd.txt')).toBe('a/c/d.txt');
    expect(files.join('', 'a')).toSatisfy(path => path === 'a');
    expect(() => files.join('a', '../..')).toThrow('leaves the store');
  });
  test('readJson says where a text is no JSON, writeJson what JSON cannot hold', async () => {
    await files.writeJson('j', { a: [1, null, 'ü'] });
    expect(await files.readJson('j')).toEqual({ a: [1, null, 'ü'] });
    const broken: [string, string][] = [
      ['{"a": 1,\n "b": oops}', 'line 2, column 7'],
      ['{"a": 1', 'line 1, column 8'],
      ['', 'line 1, column 1'],
      ['[1, 2,]', 'line 1, column 7'],
      ['{"a" 1}', 'line 1, column 6'],
      ['[1] x', 'line 1, column 5'],
      ['{"a": "x\ny"}', 'line 1, column 7'],
      ['[}', 'line 1, column 2'],
      [`["${'x'.repeat(10_000_000)}", oops]`, 'line 1, column 10000006'],
    ];
    for (const [text, place] of broken) {
      await files.write('broken', text);
      const error = await rejection(files.readJson('broken'));
      expect(error.code).toBe('BAD_JSON');
      expect(error.message).toContain(`"broken" is not JSON: ${place}`);
    }
    expect((await rejection(files.writeJson('j', { when: new Date(0) }))).message).toContain(
      'an instance of Date at $.when',
    );
  });
  test('paths that are absolute or leave the store are refused everywhere', async () => {
    for (const path of ['/etc/passwd', '../x', 'a/../../x', 'a\0b']) {
      const calls = [
        files.read(path),
        files.write(path, ''),
        files.append(path, ''),
        files.stat(path),
        files.listdir(path),
        files.isdir(path),
        files.isfile(path),
        files.remove(path),
        files.rmdir(path),
        files.open(path),
        files.exists(path),
      ];
      for (const error of await Promise.all(calls.map(rejection))) expect(error.code, path).toBe('BAD_PATH');
    }
    expect((await rejection(files.write('', 'x'))).code).toBe('BAD_PATH');
  });
});

describe('openStore', () => {
  test('knows file: in all its forms, bare paths, s3: and mem:', async () => {
    const url = async (from: string): Promise<string | null> => (await openStore(from)).capabilities.url;
    const here = `file://${process.cwd()}`;
    expect(await url('file:./data')).toBe(`${here}/data`);
    expect(await url('file:.')).toBe(here);
    expect(await url('data/x')).toBe(`${here}/data/x`);
    expect(await url('file:/tmp/a b')).toBe('file:///tmp/a%20b');
    expect(await url('file:///tmp/a%20b')).toBe('file:///tmp/a%20b');
    expect(await url('/tmp/100%')).toBe('file:///tmp/100%25');
    expect((await openStore('s3://bucket/x?region=eu-1')).capabilities.kind).toBe('s3');
    expect((await openStore('mem:')).capabilities).toEqual({ kind: 'mem', url: null });
  });
  test('says what is wrong with others', async () => {
    for (const bad of [
      'gs://bucket/x',
      's3:bucket/x',
      's3://b?x=1',
      'flie:./data',
      'http://x/y',
      'file:',
      'file://host/x',
      'file:%zz',
    ])
      expect((await rejection(openStore(bad))).code, bad).toBe('UNKNOWN_STORE');
    expect((await rejection(openStore('gs://b'))).message).toContain('no driver for gs: yet');
    expect((await rejection(openStore('flie:./data'))).message).toContain('Did you mean "file"?');
  });
});
