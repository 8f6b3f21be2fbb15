/** What every file store must do; run on each of them by file-store.test.ts. */
import { isKtError, type KtError } from '@kube-transform/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FileStore, ListEntry } from '../../packages/runtime/src/ports/index.js';

export interface OpenedStore {
  store: FileStore;
  close(): Promise<void>;
}

/** Tests that an implementation cannot pass, and why. */
export interface Skip {
  reason: string;
  tests: string[];
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (content: Uint8Array): string => new TextDecoder().decode(content);

async function* chunks(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield bytes(part);
}

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of source) found.push(item);
  return found;
}

const nameOf = (entry: ListEntry): string => (entry.type === 'object' ? entry.object.key : entry.prefix);

/** The KtError that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<KtError> {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!isKtError(error)) throw new Error(`Not rejected with a KtError: ${String(error)}`);
  return error;
}

export function fileStoreContract(name: string, open: () => Promise<OpenedStore>, skips: Skip[] = []): void {
  const check = (title: string, run: (store: FileStore) => Promise<void>): void => {
    const skip = skips.find(skip => skip.tests.includes(title));
    test(
      skip === undefined ? title : `${title} (skipped: ${skip.reason})`,
      { skip: skip !== undefined, timeout: 60_000 },
      async () => {
        await run(opened.store);
      },
    );
  };
  let opened: OpenedStore;
  const list = async (
    store: FileStore,
    prefix: string,
    options?: { delimiter?: '/'; startAfter?: string },
  ): Promise<string[]> => (await all(store.list(prefix, options))).map(nameOf);

  describe(`file store contract: ${name}`, () => {
    beforeAll(async () => {
      opened = await open();
    });
    afterAll(async () => {
      await opened.close();
    });

    check('gives back what was put, with size, time and etag', async store => {
      const etag = await store.put('basic/a.txt', bytes('hello'));
      expect(text(await store.get('basic/a.txt'))).toBe('hello');
      const info = await store.head('basic/a.txt');
      expect(info).toMatchObject({ key: 'basic/a.txt', size: 5, etag });
      expect(info!.modifiedMs).toBeGreaterThan(1_600_000_000_000);
      expect(await list(store, 'basic/')).toEqual(['basic/a.txt']);
    });
    check('has no object where none was put', async store => {
      expect(await store.head('none/a')).toBeNull();
      expect((await rejection(store.get('none/a'))).code).toBe('NOT_FOUND');
      expect((await rejection(all(store.stream('none/a')))).code).toBe('NOT_FOUND');
      expect((await rejection(store.copy('none/a', 'none/b'))).code).toBe('NOT_FOUND');
      expect(await list(store, 'none/')).toEqual([]);
    });
    check('a directory is no object', async store => {
      await store.put('dir/in/a', bytes('x'));
      expect(await store.head('dir/in')).toBeNull();
      expect((await rejection(store.get('dir/in'))).code).toBe('NOT_FOUND');
      await store.delete(['dir/in']);
      expect(await list(store, 'dir/')).toEqual(['dir/in/a']);
    });
    check('holds its own copy of the bytes', async store => {
      const mine = bytes('abc');
      await store.put('copy/a', mine);
      mine.fill(0);
      (await store.get('copy/a')).fill(0);
      expect(text(await store.get('copy/a'))).toBe('abc');
    });
    check('changes the etag with each content, also of the same size at the same time', async store => {
      const etags: (string | null)[] = [];
      for (let i = 0; i < 300; i++) etags.push(await store.put('etag/a', bytes(String(i % 10))));
      expect(new Set(etags).size).toBe(300);
      expect((await store.head('etag/a'))!.etag).toBe(etags.at(-1));
    });
    check('deletes many, and those that are not there', async store => {
      await store.put('del/a', bytes('1'));
      await store.put('del/b/c', bytes('2'));
      await store.delete(['del/a', 'del/b/c', 'del/none', 'del/a/below']);
      await store.delete([]);
      expect(await list(store, 'del/')).toEqual([]);
      expect(await list(store, 'del', { delimiter: '/' })).toEqual([]);
    });
    check('puts under a name whose directory was emptied', async store => {
      await store.put('emptied/a/b/c', bytes('1'));
      await store.delete(['emptied/a/b/c']);
      await store.put('emptied/a', bytes('2'));
      expect(text(await store.get('emptied/a'))).toBe('2');
      await store.delete(['emptied/a']);
      await store.put('emptied/a/b/c', bytes('3'));
      expect(await list(store, 'emptied/')).toEqual(['emptied/a/b/c']);
    });
    check('copies, also over an object', async store => {
      await store.put('cp/a', bytes('from'));
      await store.put('cp/b', bytes('to be replaced'));
      const old = (await store.head('cp/b'))!.etag;
      await store.copy('cp/a', 'cp/b');
      expect(text(await store.get('cp/b'))).toBe('from');
      expect((await store.head('cp/b'))!.etag).not.toBe(old);
      await store.put('cp/a', bytes('later'));
      expect(text(await store.get('cp/b'))).toBe('from');
    });
    check('puts and gives streams', async store => {
      const part = 'x'.repeat(300_000);
      await store.put('stream/a', chunks(part, '', part, 'end'));
      expect((await store.head('stream/a'))!.size).toBe(600_003);
      const got = await all(store.stream('stream/a'));
      expect(text(Buffer.concat(got))).toBe(`${part}${part}end`);
      await store.put('stream/b', store.stream('stream/a', { start: 599_999 }));
      expect(text(await store.get('stream/b'))).toBe('xend');
    });
    check('a stream that fails leaves the old object, and its error is passed on', async store => {
      await store.put('broken/a', bytes('old'));
      const broken = async function* (): AsyncGenerator<Uint8Array> {
        yield bytes('half');
        throw new RangeError('mine');
      };
      await expect(store.put('broken/a', broken())).rejects.toThrow(RangeError);
      await expect(store.put('broken/b', broken())).rejects.toThrow('mine');
      expect(text(await store.get('broken/a'))).toBe('old');
      expect(await list(store, 'broken/')).toEqual(['broken/a']);
    });
    check('gives ranges, cut at the end of the object', async store => {
      await store.put('range/a', bytes('0123456789'));
      await store.put('range/empty', bytes(''));
      const ranges = [
        [0, 3],
        [3, 3],
        [8, 20],
        [10, 12],
        [50, undefined],
        [4, undefined],
      ] as const;
      for (const [start, end] of ranges) {
        const range = end === undefined ? { start } : { start, end };
        expect(text(await store.get('range/a', range))).toBe('0123456789'.slice(start, end));
        expect(text(Buffer.concat(await all(store.stream('range/a', range))))).toBe(
          '0123456789'.slice(start, end),
        );
        expect((await store.get('range/empty', range)).length).toBe(0);
      }
      expect((await store.get('range/empty')).length).toBe(0);
      expect(await all(store.stream('range/empty'))).toEqual([]);
    });
    check('of ten writers with ifAbsent one wins, thirty times', async store => {
      for (let round = 0; round < 30; round++) {
        const key = `absent/${round}`;
        const etags = await Promise.all(
          Array.from({ length: 10 }, (_, i) => store.put(key, bytes(`writer ${i}`), { ifAbsent: true })),
        );
        const winner = etags.findIndex(etag => etag !== null);
        expect(etags.filter(etag => etag !== null)).toHaveLength(1);
        expect(text(await store.get(key))).toBe(`writer ${winner}`);
        expect((await store.head(key))!.etag).toBe(etags[winner]);
      }
    });
    check('of ten writers with ifMatch one wins, thirty times', async store => {
      let etag = await store.put('match/a', bytes('start'));
      for (let round = 0; round < 30; round++) {
        const etags = await Promise.all(
          Array.from({ length: 10 }, (_, i) =>
            store.put('match/a', bytes(`r${round % 3}${i}`), { ifMatch: etag! }),
          ),
        );
        const winner = etags.findIndex(etag => etag !== null);
        expect(etags.filter(etag => etag !== null)).toHaveLength(1);
        expect(text(await store.get('match/a'))).toBe(`r${round % 3}${winner}`);
        etag = etags[winner]!;
      }
    });
    check('ifMatch refuses another etag, and a missing object', async store => {
      const first = await store.put('refuse/a', bytes('1'));
      await store.put('refuse/a', bytes('2'));
      expect(await store.put('refuse/a', bytes('3'), { ifMatch: first! })).toBeNull();
      expect(await store.put('refuse/none', bytes('3'), { ifMatch: first! })).toBeNull();
      expect(await store.put('refuse/a', chunks('4'), { ifAbsent: true })).toBeNull();
      expect(await list(store, 'refuse/')).toEqual(['refuse/a']);
      expect(text(await store.get('refuse/a'))).toBe('2');
    });
    check('readers see one whole object while it is replaced', async store => {
      const sizes = [10, 200_000];
      const contents = sizes.map((size, i) => String(i).repeat(size));
      await store.put('atomic/a', bytes(contents[0]!));
      let done = false;
      const reader = async (): Promise<void> => {
        while (!done) expect(contents.includes(text(await store.get('atomic/a')))).toBe(true);
      };
      const readers = [reader(), reader(), reader()];
      for (let i = 0; i < 60; i++) await store.put('atomic/a', bytes(contents[i % 2]!));
      done = true;
      await Promise.all(readers);
    });
    check('keeps odd keys as they are', async store => {
      const names = [
        'with space',
        'plus+',
        'per%20cent',
        '100%',
        'hash#1',
        'quest?',
        'a&b=c',
        'ümlaut',
        'nfc-\u00e9',
        'nfc-e\u0301',
        '日本',
        '😀',
        '\uffff-bmp',
        'back\\slash',
        'co:lon',
        '"quote"',
        "it's",
        '.hidden',
        '..two',
        'a.',
        ' lead',
        '~',
        '-',
        'new\nline',
        'x'.repeat(255),
        'é'.repeat(127),
      ];
      for (const name of names) await store.put(`odd/${name}`, bytes(name));
      for (const name of names) {
        expect(text(await store.get(`odd/${name}`))).toBe(name);
        expect(await list(store, `odd/${name}`)).toContain(`odd/${name}`);
      }
      const sorted = names
        .map(name => `odd/${name}`)
        .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await list(store, 'odd/')).toEqual(sorted);
      const long = `odd-deep/${Array.from({ length: 9 }, (_, i) => String(i).repeat(100)).join('/')}`;
      await store.put(long, bytes('deep'));
      expect(await list(store, 'odd-deep/')).toEqual([long]);
    });
    check('lists 1200 keys in byte order, from any key on', async store => {
      const keys = Array.from(
        { length: 1200 },
        (_, i) => `many/${['a', 'a.b', 'a/b', 'a-b', 'A'][i % 5]}/${i}`,
      );
      await Promise.all(keys.map(key => store.put(key, bytes(''))));
      const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await list(store, 'many/')).toEqual(sorted);
      expect(await list(store, 'many/', { startAfter: sorted[999]! })).toEqual(sorted.slice(1000));
      expect(await list(store, 'many/', { startAfter: 'many/a/b/' })).toEqual(
        sorted.filter(key => key > 'many/a/b/'),
      );
      expect(await list(store, 'many/', { startAfter: 'zzz' })).toEqual([]);
      expect(await list(store, 'many/a', { startAfter: 'm' })).toEqual(
        sorted.filter(key => key.startsWith('many/a')),
      );
    });
    check('rolls up keys below a delimiter', async store => {
      for (const key of ['roll/a', 'roll/a.b/x', 'roll/b/x', 'roll/b/y/z', 'roll/c'])
        await store.put(key, bytes('1'));
      expect(await list(store, 'roll/', { delimiter: '/' })).toEqual([
        'roll/a',
        'roll/a.b/',
        'roll/b/',
        'roll/c',
      ]);
      expect(await list(store, 'roll/b', { delimiter: '/' })).toEqual(['roll/b/']);
      expect(await list(store, 'roll/b/', { delimiter: '/' })).toEqual(['roll/b/x', 'roll/b/y/']);
      expect(await list(store, 'rol', { delimiter: '/' })).toEqual(['roll/']);
      expect(await list(store, 'roll/', { delimiter: '/', startAfter: 'roll/b/' })).toEqual(['roll/c']);
    });
    check('a listing can be left early', async store => {
      for await (const entry of store.list('')) {
        expect(nameOf(entry)).not.toBe('');
        break;
      }
    });
    check('refuses bad keys everywhere', async store => {
      for (const key of ['', '/a', 'a/', 'a//b', '.', '..', 'a/../b', './a', 'a/.', 'a\0b', 'half\ud800']) {
        const tries = [
          store.put(key, bytes('')),
          store.get(key),
          store.head(key),
          store.delete([key]),
          store.copy(key, 'x'),
          all(store.stream(key)),
        ];
        for (const error of await Promise.all(tries.map(rejection)))
          expect(error.code, JSON.stringify(key)).toBe('BAD_PATH');
      }
      for (const prefix of ['/', '/a', 'a//b', '../', '../x', 'a/../'])
        expect((await rejection(all(store.list(prefix)))).code).toBe('BAD_PATH');
      await store.put('good', bytes('1'));
      expect((await rejection(store.delete(['good', '../bad']))).message).toContain('"../bad"');
      expect(await store.head('good')).not.toBeNull();
      await rejection(store.copy('good', 'bad/'));
    });
  });
}
