/** What every file store must do with parts of objects and with many: append, delete below a directory. */
import { expect } from 'vitest';
import { bytes, type Check, listed, rejection, text } from '../../kit/stores.js';

export function checkChanges(check: Check): void {
  check('appends to the end, and makes an object of what is appended to none', async store => {
    await store.append('append/a', bytes('one '));
    await store.append('append/a', bytes(''));
    const before = await store.head('append/a');
    await store.append('append/a', bytes('and two '));
    await store.append('append/a', bytes('3'));
    expect(text(await store.get('append/a'))).toBe('one and two 3');
    expect(await store.head('append/a')).toMatchObject({ size: 13 });
    expect((await store.head('append/a'))!.etag).not.toBe(before!.etag);
    expect(await store.put('append/a', bytes('x'), { ifMatch: before!.etag })).toBeNull();
    await store.append('append/empty', bytes(''));
    expect((await store.head('append/empty'))!.size).toBe(0);
    for (const key of ['', '/a', 'a/', 'a/../b'])
      expect((await rejection(store.append(key, bytes('x')))).code).toBe('BAD_PATH');
  });
  check('changes the etag with each append', async store => {
    const etags = new Set<string>();
    for (let i = 0; i < 100; i++) {
      await store.append('append/etag', bytes('x'));
      etags.add((await store.head('append/etag'))!.etag);
    }
    expect(etags.size).toBe(100);
  });
  check('a copy and what was read before stay as they were while others append', async store => {
    await store.put('append/from', bytes('0123456789'));
    await store.append('append/from', bytes('a'));
    await store.copy('append/from', 'append/to');
    const read = await store.get('append/from');
    await store.append('append/from', bytes('b'));
    await store.append('append/to', bytes('c'));
    await store.append('append/from', bytes('d'));
    const mine = bytes('e');
    await store.append('append/from', mine);
    mine.fill(0);
    expect(text(read)).toBe('0123456789a');
    expect(text(await store.get('append/from'))).toBe('0123456789abde');
    expect(text(await store.get('append/to'))).toBe('0123456789ac');
  });
  check('loses no append of many, among conditional puts', async store => {
    const key = 'append/many';
    const lines = (of: string): string[] => Array.from({ length: 40 }, (_, i) => `${of} ${i}`);
    const add = async (of: string): Promise<void> => {
      for (const line of lines(of)) await store.append(key, bytes(`${line}\n`));
    };
    const replace = async (): Promise<void> => {
      for (const line of lines('put')) {
        let etag: string | null = null;
        while (etag === null) {
          const info = await store.head(key);
          if (info === null) etag = await store.put(key, bytes(`${line}\n`), { ifAbsent: true });
          else {
            const old = text(await store.get(key));
            etag = await store.put(key, bytes(`${old}${line}\n`), { ifMatch: info.etag });
          }
        }
      }
    };
    await Promise.all([add('a'), add('b'), add('c'), replace()]);
    const found = text(await store.get(key))
      .trimEnd()
      .split('\n');
    expect(found.sort()).toEqual(['a', 'b', 'c', 'put'].flatMap(lines).sort());
  });
  check('deletes all below a directory, and nothing beside it', async store => {
    const beside = ['below/a-b/x', 'below/a.txt', 'below/a0', 'below/b/a/x'];
    const within = ['below/a/x', 'below/a/y/z', 'below/a/y/.hidden'];
    for (const key of [...beside, ...within]) await store.put(key, bytes('1'));
    await store.deleteBelow('below/a/');
    await store.deleteBelow('below/a/');
    await store.deleteBelow('below/none/at/all/');
    await store.deleteBelow('below/a.txt/');
    expect(await listed(store, 'below/')).toEqual(beside);
    await store.put('below/a/y/z', bytes('2'));
    expect(await listed(store, 'below/a/')).toEqual(['below/a/y/z']);
  });
  check('refuses to delete below what is no directory', async store => {
    await store.put('below-bad/x', bytes('1'));
    for (const prefix of ['', '/', 'below-bad', '/below-bad/', 'below-bad//', '../', 'below-bad/../'])
      expect((await rejection(store.deleteBelow(prefix))).code).toBe('BAD_PATH');
    expect(await listed(store, 'below-bad/')).toEqual(['below-bad/x']);
  });
}
