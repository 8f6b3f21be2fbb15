/** Part of the contract of file stores: which keys there are, and how they are listed. */
import { expect } from 'vitest';
import { collect } from '../../kit/collect.js';
import { type Check, bytes, listed, nameOf, rejection, text } from '../../kit/stores.js';

export function checkKeys(check: Check, unlisted: readonly string[]): void {
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
    ].filter(name => !unlisted.includes(name));
    for (const name of names) await store.put(`odd/${name}`, bytes(name));
    for (const name of names) {
      expect(text(await store.get(`odd/${name}`))).toBe(name);
      expect(await listed(store, `odd/${name}`)).toContain(`odd/${name}`);
    }
    const sorted = names
      .map(name => `odd/${name}`)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await listed(store, 'odd/')).toEqual(sorted);
    const long = `odd-deep/${Array.from({ length: 9 }, (_, i) => String(i).repeat(100)).join('/')}`;
    await store.put(long, bytes('deep'));
    expect(await listed(store, 'odd-deep/')).toEqual([long]);
  });
  check('lists 1200 keys in byte order, from any key on', async store => {
    const keys = Array.from(
      { length: 1200 },
      (_, i) => `many/${['a', 'a.b', 'a/b', 'a-b', 'A'][i % 5]}/${i}`,
    );
    await Promise.all(keys.map(key => store.put(key, bytes(''))));
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(await listed(store, 'many/')).toEqual(sorted);
    expect(await listed(store, 'many/', { startAfter: sorted[999]! })).toEqual(sorted.slice(1000));
    expect(await listed(store, 'many/', { startAfter: 'many/a/b/' })).toEqual(
      sorted.filter(key => key > 'many/a/b/'),
    );
    expect(await listed(store, 'many/', { startAfter: 'zzz' })).toEqual([]);
    expect(await listed(store, 'many/a', { startAfter: 'm' })).toEqual(
      sorted.filter(key => key.startsWith('many/a')),
    );
  });
  check('rolls up keys below a delimiter', async store => {
    for (const key of ['roll/a', 'roll/a.b/x', 'roll/b/x', 'roll/b/y/z', 'roll/c'])
      await store.put(key, bytes('1'));
    expect(await listed(store, 'roll/', { delimiter: '/' })).toEqual([
      'roll/a',
      'roll/a.b/',
      'roll/b/',
      'roll/c',
    ]);
    expect(await listed(store, 'roll/b', { delimiter: '/' })).toEqual(['roll/b/']);
    expect(await listed(store, 'roll/b/', { delimiter: '/' })).toEqual(['roll/b/x', 'roll/b/y/']);
    expect(await listed(store, 'rol', { delimiter: '/' })).toEqual(['roll/']);
    expect(await listed(store, 'roll/', { delimiter: '/', startAfter: 'roll/b/' })).toEqual(['roll/c']);
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
        collect(store.stream(key)),
      ];
      for (const error of await Promise.all(tries.map(rejection)))
        expect(error.code, JSON.stringify(key)).toBe('BAD_PATH');
    }
    for (const prefix of ['/', '/a', 'a//b', '../', '../x', 'a/../'])
      expect((await rejection(collect(store.list(prefix)))).code).toBe('BAD_PATH');
    await store.put('good', bytes('1'));
    expect((await rejection(store.delete(['good', '../bad']))).message).toContain('"../bad"');
    expect(await store.head('good')).not.toBeNull();
    await rejection(store.copy('good', 'bad/'));
  });
}
