/** What is found about stores that are well, refuse something, or take every put. */
import { KtError } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { collect } from '../../../../test/kit/collect.js';
import type { FileStore } from '../ports/index.js';
import type { StoreTrial } from '../ports/store-trial.js';
import { systemClock } from '../process/system-clock.js';
import { memoryFileStore } from './memory-file-store.js';
import { tryStore } from './try-store.js';

const going = new AbortController().signal;
const tryIt = (store: FileStore, signal = going): Promise<StoreTrial> =>
  tryStore(async () => store, { clock: systemClock, signal });
const keysOf = async (store: FileStore): Promise<number> => (await collect(store.list(''))).length;

/** A memory store with other methods in the place of some. */
function changed(change: (store: FileStore) => Partial<FileStore>): FileStore {
  const store = memoryFileStore();
  return { ...store, ...change(store) };
}
const refuse = (action: string) => async () => {
  const message = `Cannot ${action} "a" in mem:: Access Denied (AccessDenied, 403).`;
  throw new KtError({ code: 'STORE_FAILED', path: '', message, hint: 'Ask.' });
};

test('a store that is well - can do all, and nothing is left', async () => {
  const store = memoryFileStore();
  const trial = await tryIt(store);
  expect(trial).toMatchObject({ failures: [], aheadMs: 0, puts: { count: 100 }, left: [] });
  expect(await keysOf(store)).toBe(0);
});

test('a store that cannot be opened - is told as it says', async () => {
  const open = (): Promise<FileStore> => Promise.reject(new KtError({ code: 'X', path: '', message: 'No.' }));
  const { failures } = await tryStore(open, { clock: systemClock, signal: going });
  expect(failures).toEqual([{ verb: 'open', why: 'No', hint: '' }]);
});

const CONDITIONS: ['put if absent' | 'replace if match', 'ifAbsent' | 'ifMatch'][] = [
  ['put if absent', 'ifAbsent'],
  ['replace if match', 'ifMatch'],
];
test.each(CONDITIONS)(
  'a store that does not keep the condition of a %s - is found out',
  async (verb, name) => {
    const store = changed(({ put }) => ({
      put: (key, body, options = {}) => put(key, body, { ...options, [name]: undefined }),
    }));
    const { failures } = await tryIt(store);
    expect(failures.map(failure => failure.verb)).toEqual([verb]);
    expect(failures[0]?.why).toMatch(/of 10 writers that met, \d+ were told that they had won/);
  },
);

test('what is refused - is named verb by verb, without the key', async () => {
  const store = changed(() => ({ copy: refuse('copy'), get: refuse('read') }));
  const { failures, left } = await tryIt(store);
  const why = 'Access Denied (AccessDenied, 403)';
  expect(failures).toEqual([
    { verb: 'get', why, hint: 'Ask.' },
    { verb: 'copy', why, hint: 'Ask.' },
  ]);
  expect([left, await keysOf(store)]).toEqual([[], 0]);
});

test('a store in which nothing can be deleted - has two objects more, which are told', async () => {
  const store = changed(() => ({ delete: refuse('delete'), deleteBelow: refuse('delete') }));
  const { failures, left, puts } = await tryIt(store);
  expect(failures.map(({ verb }) => verb)).toEqual(['delete']);
  expect(left).toEqual([expect.stringMatching(/\/one$/), expect.stringMatching(/\/two$/)]);
  expect([await keysOf(store), puts]).toEqual([2, null]);
});

test('a store that refuses everything alike - is asked no further', async () => {
  let asked = 0;
  const store = changed(() => ({
    list: () => {
      throw new Error('wrong keys');
    },
    put: async () => {
      asked++;
      throw new Error('wrong keys');
    },
  }));
  const { failures } = await tryIt(store);
  expect(failures.map(({ verb, why }) => [verb, why])).toEqual([
    ['list', 'wrong keys'],
    ['put if absent', 'wrong keys'],
  ]);
  expect(asked).toBe(10);
});

test('a server whose clock is behind, or ahead - is told by how much', async () => {
  for (const aheadMs of [-600_000, 600_000]) {
    const store = changed(({ head }) => ({
      head: async key => {
        const info = await head(key);
        return info && { ...info, modifiedMs: info.modifiedMs + aheadMs };
      },
    }));
    expect(Math.abs(((await tryIt(store)).aheadMs ?? 0) - aheadMs)).toBeLessThan(60_000);
  }
});

test.each([1, 12, 60])('broken off at put %i - nothing is left', async most => {
  const leaving = new AbortController();
  let puts = 0;
  const store = changed(({ put }) => ({
    put: (...args) => {
      if (++puts === most) leaving.abort();
      return put(...args);
    },
  }));
  await expect(tryIt(store, leaving.signal)).rejects.toThrow(/abort/);
  expect(await keysOf(store)).toBe(0);
});
