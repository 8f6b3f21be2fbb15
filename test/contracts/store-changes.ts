/** What every file store must do with many objects at once: delete below a directory. */
import { expect } from 'vitest';
import { bytes, type Check, listed, rejection } from '../kit/stores.js';

export function checkChanges(check: Check): void {
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
