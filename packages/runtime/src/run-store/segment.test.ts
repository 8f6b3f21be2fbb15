import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collect } from '../../../../test/kit/collect.js';
import { lagStore } from '../../../../test/kit/lag-store/lag-store.js';
import { bytes, rejection, text } from '../../../../test/kit/stores.js';
import { number } from '../parse/shapes.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import type { FileStore } from '../ports/index.js';
import { readLog } from './read-log.js';
import { SegmentLog } from './segment-log.js';

const P = 'kt-metadata/r/journal/';
const key = (n: number): string => `${P}0000000${n}.jsonl`;
const all = async (store: FileStore): Promise<number[]> => collect(readLog(store, P, number));
const open = (store: FileStore, epoch?: number | 'next'): Promise<SegmentLog<number>> =>
  SegmentLog.open<number>(store, P, {
    existing: { shape: number, onValue: () => undefined },
    ...(epoch === undefined ? {} : { epoch }),
  });

/** A log of three segments. */
async function three(): Promise<FileStore> {
  const store = memoryFileStore();
  for (const n of [1, 2, 3]) await (await open(store)).append(n);
  return store;
}

describe('a segment', () => {
  test('SG1: a segment - cut off anywhere or changed anywhere is told by its file', async () => {
    const whole = await (await three()).get(key(2));
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length - 1 }), fc.boolean(), async (at, isCut) => {
        const store = await three();
        const changed = whole.map((byte, i) => (i === at ? byte ^ 1 : byte));
        await store.put(key(2), isCut ? whole.subarray(0, at) : changed);
        const error = await rejection(all(store));
        expect(error.message).toContain('00000002.jsonl');
        const { code } = await rejection(open(store));
        // The digit of its format may be what has changed.
        expect(['BAD_RUN', 'NEWER_FORMAT']).toContain(code);
      }),
    );
  });

  test('the error says what to do', async () => {
    const store = await three();
    const whole = await store.get(key(3));
    await store.put(key(3), whole.subarray(0, whole.length - 1));
    const [problem] = (await rejection(all(store))).problems;
    expect(problem).toEqual({
      code: 'BAD_RUN',
      path: key(3),
      message: 'This run cannot be read: it has 1 of its 2 bytes.',
      hint: 'Restore the file, or go back to what is whole: kt verify r, then kt repair r.',
    });
  });

  test('of another place, or after another one, is refused', async () => {
    const store = await three();
    const second = await store.get(key(2));
    await store.put(key(3), second);
    expect((await rejection(all(store))).message).toContain('it is segment 2, and should be 3');
    const other = memoryFileStore();
    for (const n of [7, 2, 3]) await (await open(other)).append(n);
    await other.put(key(2), second);
    expect((await rejection(all(other))).message).toContain('it follows another segment 1');
  });

  test('a log of format 1 is read and goes on, and is told where its last line is cut off', async () => {
    const store = memoryFileStore({ [key(1)]: '1\n2\n', [key(2)]: '3\n' });
    await (await open(store)).append(4);
    await (await SegmentLog.open<number>(store, P)).append(5);
    expect(await all(store)).toEqual([1, 2, 3, 4, 5]);
    expect(text(await store.get(key(3)))).toMatch(/^\{"format":2,"segment":3,"after":"[\w-]{16}","bytes":2,/);
    await store.put(key(2), bytes('3\n\n'));
    expect((await rejection(all(store))).message).toContain(
      '00000003.jsonl: This run cannot be read: it follows',
    );
    for (const cut of ['', '1\n2']) {
      await store.put(key(1), bytes(cut));
      expect((await rejection(all(store))).problems[0]?.path).toContain('00000001.jsonl');
    }
  });
});

describe('a log', () => {
  test('strangers’ files in it are not looked at', async () => {
    const store = await three();
    for (const name of ['.DS_Store', '00000002.jsonl~', '._00000001.jsonl', '#00000003.jsonl#', 'x/1.jsonl'])
      await store.put(P + name, bytes('\0\0Bud1'));
    expect(await all(store)).toEqual([1, 2, 3]);
    await (await SegmentLog.open<number>(store, P)).append(4);
    expect(await all(store)).toEqual([1, 2, 3, 4]);
  });

  test('RL1: a listing that is late, or lacks an earlier segment - hides nothing', () =>
    fc.assert(
      fc.asyncProperty(fc.nat({ max: 1_000_000 }), async seed => {
        const misses = { chance: 0.4, forOperations: 20 };
        const store = lagStore(memoryFileStore(), { seed, lateBy: 40, misses });
        for (let n = 1; n <= 8; n++) {
          const log = n % 2 === 0 ? await open(store) : await SegmentLog.open<number>(store, P);
          await log.append(n);
          expect(await all(store)).toEqual(Array.from({ length: n }, (_, i) => i + 1));
        }
      }),
      { numRuns: 60 },
    ));

  test('RL2: a segment that is missing while a later one is there - is an error that names it', async () => {
    const store = await three();
    await store.delete([key(2)]);
    expect((await rejection(all(store))).problems).toMatchObject([
      { code: 'BAD_RUN', path: key(2), message: expect.stringContaining('segment 3 is there') as string },
    ]);
    expect((await rejection(open(store))).code).toBe('BAD_RUN');
    await store.delete([key(3)]);
    expect(await all(store)).toEqual([1]);
  });

  test('a listing that still shows what was deleted is no gap', async () => {
    const store = lagStore(await three(), { seed: 5, lateBy: 10_000 });
    await all(store);
    await store.delete([key(3), key(2)]);
    expect(await all(store)).toEqual([1]);
    await (await SegmentLog.open<number>(store, P)).append(9);
    expect(await all(store)).toEqual([1, 9]);
  });

  test('L5: a log with epochs - who had it open before appends nothing more, however late he wakes', async () => {
    const store = memoryFileStore();
    const first = await open(store, 'next');
    await first.append(1);
    const second = await open(store, 'next');
    expect(await rejection(first.append(2))).toMatchObject({ code: 'RUN_TAKEN_OVER' });
    expect(await rejection(first.append(3))).toMatchObject({ code: 'RUN_TAKEN_OVER' });
    await second.append(4);
    expect(await all(store)).toEqual([1, 4]);
  });

  test('an epoch of a lease that is older than the log is refused', async () => {
    const store = memoryFileStore();
    await (await open(store, 5)).append(1);
    expect(await rejection(open(store, 4))).toMatchObject({ code: 'RUN_TAKEN_OVER' });
    await (await open(store, 6)).append(2);
    expect(await all(store)).toEqual([1, 2]);
  });

  test('of drivers that open it at one instant one can append, and sees all that is there', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 5 }), fc.boolean(), async (drivers, isEmpty) => {
        const store = isEmpty ? memoryFileStore() : await three();
        const opened = await Promise.all(Array.from({ length: drivers }, () => open(store, 'next')));
        const ends = await Promise.allSettled(opened.map((log, i) => log.append(100 + i)));
        const winners = ends.flatMap(({ status }, i) => (status === 'fulfilled' ? [100 + i] : []));
        expect(winners).toHaveLength(1);
        expect(await all(store)).toEqual([...(isEmpty ? [] : [1, 2, 3]), ...winners]);
      }),
    ));
});
