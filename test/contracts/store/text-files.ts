/** The contract of `context.files`, continued: compression, lines, copies, odd paths, this machine. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { KtFiles } from '@kube-transform/sdk';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ktFiles } from '../../../packages/runtime/src/files/kt-files.js';
import type { FileStore } from '../../../packages/runtime/src/ports/index.js';
import { rejection } from '../../kit/stores.js';
import type { OpenEmpty } from './files.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const all = async <T>(from: AsyncIterable<T>): Promise<T[]> => {
  const values: T[] = [];
  for await (const value of from) values.push(value);
  return values;
};
/** Of segments that mean something to a shell, a URL, a disk or a terminal. */
const HOSTILE =
  '..|.|...|%2e%2e|..%2f..|..\\\\..|~|C:|con|$(id)|`id`|;rm -rf x|a b|ü|e\u0301|\u202etxt|line\nbreak|%00|%|*|{a,b}|[a]|'.split(
    '|',
  );
const hostilePaths = Array.from({ length: 500 }, (_, i) => {
  const [a, b, c] = [i, Math.floor(i / HOSTILE.length), i * 7 + 3].map(
    at => HOSTILE[at % HOSTILE.length] ?? '',
  );
  return (
    [`${a}/${b}/${c}/leaf-${i}`, `${a}/leaf-${i}\0`, `${b}/${a}/leaf-${i}`][
      i % 11 === 0 ? 1 : i % 2 === 0 ? 0 : 2
    ] ?? ''
  );
});

/** Runs the contract on a store; each test has one of its own. `unkept`: keys that it refuses. */
export function textFilesContract(name: string, open: OpenEmpty, unkept?: RegExp): void {
  describe(`files on a store, more: ${name}`, () => {
    let store: FileStore;
    let files: KtFiles;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ store, close } = await open());
      files = ktFiles(store);
    });
    afterEach(() => close());

    test('text in a file that ends in .gz - is compressed, and read as it was written', async () => {
      const text = 'größe,1\n'.repeat(5000);
      await files.write('a/t.csv.gz', text);
      const stored = await files.readBytes('a/t.csv.gz');
      expect([stored[0], stored[1], stored.length < 1000]).toEqual([0x1f, 0x8b, true]);
      expect(await files.read('a/t.csv.gz')).toBe(text);
      expect(await (await files.open('a/t.csv.gz')).read()).toBe(text);
      expect((await all(files.lines('a/t.csv.gz'))).length).toBe(5000);
      await files.append('a/t.csv.gz', 'more\n');
      const adder = await files.open('a/t.csv.gz', 'a');
      await adder.write('and ');
      await adder.write('more\n');
      await adder.close();
      expect((await all(files.lines('a/t.csv.gz'))).slice(-2)).toEqual(['more', 'and more']);
      await files.writeJson('v.json.gz', { a: [1] });
      expect(await files.readJson('v.json.gz')).toEqual({ a: [1] });
    });

    test('bytes in a file that ends in .gz - are as they are; text and bytes in one are refused', async () => {
      await files.write('b.gz', gzipSync('by hand'));
      expect([...(await files.readBytes('b.gz'))]).toEqual([...gzipSync('by hand')]);
      expect(Buffer.concat(await all(files.stream('b.gz'))).equals(gzipSync('by hand'))).toBe(true);
      expect(await files.read('b.gz')).toBe('by hand');
      const both = await files.open('b.gz', 'w');
      await both.write('text');
      await both.write(bytes('bytes'));
      expect((await rejection(both.close())).code).toBe('BAD_DATA');
      expect(await files.read('b.gz')).toBe('by hand');
      for (const broken of [
        bytes('not gzip'),
        gzipSync('x'.repeat(100_000)).subarray(0, 80),
        new Uint8Array(),
      ]) {
        await files.write('c.gz', broken);
        for (const error of [
          await rejection(files.read('c.gz')),
          await rejection(all(files.lines('c.gz'))),
        ]) {
          expect(error.code).toBe('BAD_DATA');
          expect(error.message).toContain('"c.gz" is not gzip, or not whole');
        }
      }
      expect((await rejection(files.read('none.gz'))).code).toBe('NOT_FOUND');
    });

    test('text in a file that ends in .zst - is compressed where Node can, else refused with a sentence', async () => {
      const written = files.write('t.jsonl.zst', '{"a":1}\n{"a":2}\n');
      if ('zstdCompress' in process.getBuiltinModule('node:zlib')) {
        await written;
        expect(await all(files.lines('t.jsonl.zst'))).toEqual(['{"a":1}', '{"a":2}']);
        expect((await files.readBytes('t.jsonl.zst'))[0]).toBe(0x28);
      } else {
        const error = await rejection(written);
        expect([error.code, error.message]).toEqual(['UNSUPPORTED', expect.stringContaining('is zstd')]);
        expect(await files.exists('t.jsonl.zst')).toBe(false);
      }
    });

    test('lines - have no breaks, of either kind; a file that is no text says in which line', async () => {
      const text = '\ufeffa\r\nb\n\nlast €';
      await files.write('t', text);
      expect(await all(files.lines('t'))).toEqual(['a', 'b', '', 'last €']);
      await files.write('t', 'x\n');
      expect(await all(files.lines('t'))).toEqual(['x']);
      await files.write('t', '');
      expect(await all(files.lines('t'))).toEqual([]);
      await files.write('t', Uint8Array.of(0x61, 0x0a, 0xe9, 0x62, 0x0a));
      const error = await rejection(all(files.lines('t')));
      expect([error.code, error.message]).toEqual(['BAD_TEXT', expect.stringContaining('"t" is not UTF-8')]);
    });

    test('write - takes bytes in chunks, and leaves the file as it was where they break off', async () => {
      const chunk = new Uint8Array(1000);
      await files.write(
        's',
        (async function* () {
          for (let i = 0; i < 300; i++) {
            chunk.fill(i);
            yield chunk;
          }
        })(),
      );
      const stored = await files.readBytes('s');
      expect([stored.length, stored[0], stored[999], stored[299_999]]).toEqual([300_000, 0, 0, 299 % 256]);
      const broken = files.write(
        's',
        (async function* () {
          yield chunk;
          throw new RangeError('of the function');
        })(),
      );
      await expect(broken).rejects.toThrow('of the function');
      const text = (async function* () {
        yield 'text';
      })() as unknown as AsyncIterable<Uint8Array>;
      expect((await rejection(files.write('s', text))).code).toBe('BAD_DATA');
      expect((await files.stat('s')).size).toBe(300_000);
    });

    test('copy and move - leave the content as it was, onto itself too', async () => {
      await files.write('a', 'of a');
      await files.copy('a', 'd/b');
      await files.copy('a', './a');
      await files.move('d/b', 'd/b');
      await files.move('d/b', 'e/c');
      expect([await files.read('a'), await files.read('e/c'), await files.exists('d/b')]).toEqual([
        'of a',
        'of a',
        false,
      ]);
      const absent = [files.copy('none', 'x'), files.move('none', 'x'), files.copy('none', 'none')];
      for (const error of await Promise.all(absent.map(rejection))) expect(error.code).toBe('NOT_FOUND');
      const odd = [files.copy('a', '../x'), files.move('../x', 'a'), files.move('kt-metadata/x', 'y')];
      for (const error of await Promise.all(odd.map(rejection))) expect(error.code).toBe('BAD_PATH');
      expect(await files.listdir('')).toEqual(['a', 'e']);
    });

    test('download and upload - bring files to this disk and back, whatever their names', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'kt-here-'));
      onTestFinished(() => rm(folder, { recursive: true }));
      const name = `-rf $(id) ü ${'x'.repeat(200)}.tar.gz`;
      await writeFile(join(folder, 'local'), Buffer.alloc(3_000_000, 7));
      await files.upload(join(folder, 'local'), `in/${name}`);
      const [path, again] = await Promise.all([
        files.download(`in/${name}`),
        files.download(`./in//${name}`),
      ]);
      expect(again).toBe(path);
      expect((await readFile(path)).equals(Buffer.alloc(3_000_000, 7))).toBe(true);
      expect([basename(path).endsWith('x.tar.gz'), (await stat(path)).mode & 0o222]).toEqual([true, 0]);
      await files.write(`in/${name}`, bytes('another'));
      expect(await readFile(await files.download(`in/${name}`), 'utf8')).toBe('another');
      expect((await rejection(files.download('none'))).code).toBe('NOT_FOUND');
      for (const wrong of [folder, join(folder, 'none')])
        expect((await rejection(files.upload(wrong, 'x'))).code).toBe('BAD_PATH');
      expect(await files.exists('x')).toBe(false);
    });

    test('500 odd paths - stay within the store, each where it says, or are refused with a sentence', async () => {
      const written = new Set<string>();
      for (const path of hostilePaths) {
        const key = posix.normalize(path);
        const isOut = path.startsWith('/') || key.startsWith('../') || path.includes('\0');
        if (isOut) {
          const calls = [
            files.write(path, path),
            files.read(path),
            files.download(path),
            files.copy(path, 'x'),
          ];
          for (const error of await Promise.all(calls.map(rejection)))
            expect([error.code, error.message], path).toEqual([
              'BAD_PATH',
              expect.stringMatching(/ (is absolute|leaves the store|contains a NUL character)\./),
            ]);
        } else if (unkept?.test(key) === true) {
          expect((await rejection(files.write(path, path))).code, path).toBe('BAD_PATH');
        } else {
          await files.write(path, path);
          written.add(key);
        }
      }
      const found = new Map<string, string>();
      for await (const entry of store.list(''))
        if (entry.type === 'object')
          found.set(entry.object.key, new TextDecoder().decode(await store.get(entry.object.key)));
      expect([...found.keys()].sort()).toEqual([...written].sort());
      for (const [key, text] of found) expect(posix.normalize(text)).toBe(key);
      expect(written.size).toBeGreaterThan(200);
    });
  });
}
