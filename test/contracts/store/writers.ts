/** Part of the contract of file stores: of several writers one wins, and readers see whole objects. */
import { expect } from 'vitest';
import { type Check, bytes, chunks, listed, text } from '../../kit/stores.js';

export function checkWriters(check: Check): void {
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
    expect(await listed(store, 'refuse/')).toEqual(['refuse/a']);
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
}
