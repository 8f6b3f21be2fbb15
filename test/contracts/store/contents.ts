/** Part of the contract of file stores: what is put is what is got, whole, in parts and as a copy. */
import { expect } from 'vitest';
import { collect } from '../../kit/collect.js';
import { type Check, bytes, chunks, listed, rejection, text } from '../../kit/stores.js';

export function checkContents(check: Check, etag: 'put' | 'content'): void {
  check('gives back what was put, with size, time and etag', async store => {
    const etag = await store.put('basic/a.txt', bytes('hello'));
    expect(text(await store.get('basic/a.txt'))).toBe('hello');
    const info = await store.head('basic/a.txt');
    expect(info).toMatchObject({ key: 'basic/a.txt', size: 5, etag });
    expect(info!.modifiedMs).toBeGreaterThan(1_600_000_000_000);
    expect(await listed(store, 'basic/')).toEqual(['basic/a.txt']);
  });
  check('has no object where none was put', async store => {
    expect(await store.head('none/a')).toBeNull();
    expect((await rejection(store.get('none/a'))).code).toBe('NOT_FOUND');
    expect((await rejection(collect(store.stream('none/a')))).code).toBe('NOT_FOUND');
    expect((await rejection(store.copy('none/a', 'none/b'))).code).toBe('NOT_FOUND');
    expect(await listed(store, 'none/')).toEqual([]);
  });
  check('a directory is no object', async store => {
    await store.put('dir/in/a', bytes('x'));
    expect(await store.head('dir/in')).toBeNull();
    expect((await rejection(store.get('dir/in'))).code).toBe('NOT_FOUND');
    await store.delete(['dir/in']);
    expect(await listed(store, 'dir/')).toEqual(['dir/in/a']);
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
    expect(new Set(etags).size).toBe(etag === 'put' ? 300 : 10);
    for (const [i, one] of etags.entries()) expect(one).not.toBe(etags[i - 1]);
    expect((await store.head('etag/a'))!.etag).toBe(etags.at(-1));
  });
  check('deletes many, and those that are not there', async store => {
    await store.put('del/a', bytes('1'));
    await store.put('del/b/c', bytes('2'));
    await store.delete(['del/a', 'del/b/c', 'del/none', 'del/a/below']);
    await store.delete([]);
    expect(await listed(store, 'del/')).toEqual([]);
    expect(await listed(store, 'del', { delimiter: '/' })).toEqual([]);
  });
  check('puts under a name whose directory was emptied', async store => {
    await store.put('emptied/a/b/c', bytes('1'));
    await store.delete(['emptied/a/b/c']);
    await store.put('emptied/a', bytes('2'));
    expect(text(await store.get('emptied/a'))).toBe('2');
    await store.delete(['emptied/a']);
    await store.put('emptied/a/b/c', bytes('3'));
    expect(await listed(store, 'emptied/')).toEqual(['emptied/a/b/c']);
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
    const got = await collect(store.stream('stream/a'));
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
    expect(await listed(store, 'broken/')).toEqual(['broken/a']);
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
      expect(text(Buffer.concat(await collect(store.stream('range/a', range))))).toBe(
        '0123456789'.slice(start, end),
      );
      expect((await store.get('range/empty', range)).length).toBe(0);
    }
    expect((await store.get('range/empty')).length).toBe(0);
    expect(await collect(store.stream('range/empty'))).toEqual([]);
  });
}
