/** The store that lags, fails and forgets: its faults are those asked for, and within the contract. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { memoryFileStore } from '../../packages/runtime/src/stores/memory-file-store.js';
import type { FileStore } from '../../packages/runtime/src/ports/index.js';
import { type LagOptions, type LagStore, lagStore } from '../kit/lag-store/lag-store.js';
import { bytes, listed, rejection, text } from '../kit/stores.js';

const seeds = fc.nat({ max: 1_000_000 });
const ALL = Array.from({ length: 30 }, (_, i) => `log/${String(i).padStart(2, '0')}`);

async function fill(store: FileStore): Promise<void> {
  for (const key of ALL) await store.put(key, bytes(`of ${key}`));
}

/** Lists until nothing new comes for a while; what the listings showed, one after the other. */
async function watch(store: LagStore, operations: number): Promise<string[][]> {
  const seen: string[][] = [];
  for (const end = store.operations + operations; store.operations < end;)
    seen.push(await listed(store, 'log/'));
  return seen;
}

const property = (run: (options: LagOptions) => Promise<void>): Promise<void> =>
  fc.assert(
    fc.asyncProperty(seeds, seed => run({ seed })),
    { numRuns: 40 },
  );

describe('lagStore', () => {
  it('without faults - is the store', () =>
    property(async options => {
      const store = lagStore(memoryFileStore(), options);
      await fill(store);
      expect(await listed(store, 'log/')).toEqual(ALL);
      expect(store.faults).toEqual([]);
      const { store: after, damage } = await store.powerCut();
      expect(damage).toEqual([]);
      expect(await listed(after, 'log/')).toEqual(ALL);
    }));

  it('late listings - lack keys, the earlier ones too, until they have caught up; reads by key are fresh', async () => {
    let gaps = 0;
    await property(async options => {
      const store = lagStore(memoryFileStore(), { ...options, lateBy: 40 });
      await fill(store);
      for (const key of ALL) expect(text(await store.get(key))).toBe(`of ${key}`);
      const seen = await watch(store, 42);
      for (const keys of seen) expect(ALL.filter(key => keys.includes(key))).toEqual(keys);
      expect(seen.at(-1)).toEqual(ALL);
      if (seen[0]!.some((key, i) => key !== ALL[i])) gaps++;
    });
    expect(gaps).toBeGreaterThan(5);
  });

  it('late listings - show what was replaced and deleted as it was, also where another process did it', () =>
    property(async options => {
      const inner = memoryFileStore();
      const store = lagStore(inner, { ...options, lateBy: 20 });
      await fill(store);
      store.settle();
      await listed(store, 'log/');
      store.settle();
      const old = await store.head(ALL[0]!);
      await store.put(ALL[0]!, bytes('new'));
      await store.delete([ALL[1]!]);
      await inner.put('log/foreign', bytes('x'));
      const sizes = new Set<number>();
      for (let i = 0; i < 21; i++)
        for await (const entry of store.list('log/00'))
          sizes.add(entry.type === 'object' ? entry.object.size : -1);
      expect([...sizes].every(size => size === 3 || size === old!.size)).toBe(true);
      const keys = [...ALL.filter(key => key !== ALL[1]), 'log/foreign'];
      expect((await watch(store, 22)).at(-1)).toEqual(keys.sort());
      expect(await store.head(ALL[1]!)).toBeNull();
    }));

  it('listings that miss keys - miss each once, for a while', () =>
    property(async options => {
      const store = lagStore(memoryFileStore(), { ...options, misses: { chance: 0.3, forOperations: 10 } });
      await fill(store);
      const seen = await watch(store, 80);
      expect(seen.some(keys => keys.length < ALL.length)).toBe(true);
      for (const key of ALL) {
        const shown = seen.map(keys => keys.includes(key)).join();
        expect(shown.split('false,true').length).toBeLessThanOrEqual(2);
      }
    }));

  it('failures - come before the effect or after it, as often as they may, and as the seed says', () =>
    property(async options => {
      const inner = memoryFileStore();
      const fails = { before: 0.2, after: 0.2, atMost: 9, only: (call: string) => call === 'put' };
      const run = async (store: LagStore): Promise<string[]> => {
        const said: string[] = [];
        for (const key of ALL)
          said.push(
            await store.put(key, bytes('x'), { ifAbsent: true }).then(
              () => 'done',
              (error: unknown) => (error as Error).message,
            ),
          );
        return said;
      };
      const store = lagStore(inner, { ...options, fails });
      const said = await run(store);
      for (const [i, key] of ALL.entries()) {
        const isThere = (await inner.head(key)) !== null;
        expect(said[i]!.includes('before its effect')).toBe(!isThere);
      }
      expect(store.faults.length).toBeLessThanOrEqual(9);
      expect(said.filter(each => each !== 'done')).toHaveLength(store.faults.length);
      expect(await run(lagStore(memoryFileStore(), { ...options, fails }))).toEqual(said);
    }));

  it('a power cut - spares what is durable, and leaves of the rest the new, the old or a part', () =>
    property(async options => {
      const isDurable = (key: string): boolean => key < 'log/15';
      const store = lagStore(memoryFileStore({ 'log/20': 'older' }), { ...options, isDurable });
      await fill(store);
      const cut = await store.powerCut();
      for (const key of ALL) {
        const held = (await cut.store.head(key)) === null ? null : text(await cut.store.get(key));
        const before = key === 'log/20' ? 'older' : null;
        const damaged = cut.damage.find(each => each.key === key)?.what;
        if (isDurable(key)) expect([held, damaged]).toEqual([`of ${key}`, undefined]);
        else if (damaged === 'lost') expect(held).toBe(before);
        else if (damaged === 'torn') expect(`of ${key}`.startsWith(held!)).toBe(true);
        else expect(held).toBe(`of ${key}`);
      }
      for (const call of [store.get(ALL[0]!), store.put('x', bytes('')), store.head('x'), listed(store, '')])
        expect((await rejection(call)).message).toContain('the power is off');
      await cut.store.put('log/99', bytes('goes on'));
    }));

  it('a power cut - may bring back what was deleted, and spares what has been on the disk for a while', async () => {
    let back = 0;
    await property(async options => {
      const store = lagStore(memoryFileStore(), { ...options, isDurable: () => false });
      await fill(store);
      store.settle();
      await store.delete([ALL[0]!]);
      const { store: after } = await store.powerCut();
      if ((await after.head(ALL[0]!)) !== null) back++;
      expect((await listed(after, 'log/')).slice(-29)).toEqual(ALL.slice(1));
    });
    expect(back).toBeGreaterThan(5);
    expect(back).toBeLessThan(35);
  });
});
