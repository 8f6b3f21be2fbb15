import { collect } from '../../../../test/kit/collect.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { json, number } from '../parse/shapes.js';
import type { FileStore } from '../ports/index.js';
import { readLog } from './read-log.js';
import { SegmentLog } from './segment-log.js';

const all = async (store: FileStore): Promise<unknown[]> => collect(readLog(store, 'log/', json));

describe('SegmentLog', () => {
  test('keeps the order of one writer', async () => {
    const store = memoryFileStore();
    const log = await SegmentLog.open<number>(store, 'log/');
    await Promise.all([1, 2, 3].map(n => log.append(n)));
    await log.append(4, 5);
    expect(await all(store)).toEqual([1, 2, 3, 4, 5]);
  });

  test('goes on after what is there, and tells of it', async () => {
    const store = memoryFileStore();
    await (await SegmentLog.open<number>(store, 'log/')).append(1, 2);
    const seen: number[] = [];
    const log = await SegmentLog.open<number>(store, 'log/', {
      existing: { shape: number, onValue: n => seen.push(n) },
    });
    await log.append(3);
    expect(seen).toEqual([1, 2]);
    expect(await all(store)).toEqual([1, 2, 3]);
  });

  test('L3: a log - puts lines that come while a segment is stored into the next one together', async () => {
    const store = memoryFileStore();
    const log = await SegmentLog.open<number>(store, 'log/');
    const first = log.append(0);
    await Promise.resolve();
    await Promise.resolve();
    await Promise.all([first, ...Array.from({ length: 50 }, (_, n) => log.append(n + 1))]);
    const segments = await collect(store.list('log/'));
    expect(segments.length).toBeLessThan(5);
    expect(await all(store)).toHaveLength(51);
  });

  test('L1, L2: a log - loses nothing and repeats nothing, however many writers there are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.nat(), { maxLength: 8 }), { minLength: 1, maxLength: 5 }),
        async writers => {
          const store = memoryFileStore();
          const logs = await Promise.all(writers.map(() => SegmentLog.open<string>(store, 'log/')));
          await Promise.all(
            writers.flatMap((values, w) => values.map((value, i) => logs[w]?.append(`${w}/${i}/${value}`))),
          );
          const read = (await all(store)) as string[];
          expect([...read].sort()).toEqual(
            writers.flatMap((values, w) => values.map((value, i) => `${w}/${i}/${value}`)).sort(),
          );
          writers.forEach((values, w) => {
            expect(read.filter(line => line.startsWith(`${w}/`))).toEqual(
              values.map((value, i) => `${w}/${i}/${value}`),
            );
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  test('L4: a log - rejects every append after a put that failed', async () => {
    const store = memoryFileStore();
    const broken: FileStore = { ...store, put: () => Promise.reject(new Error('disk full')) };
    const log = await SegmentLog.open<number>(broken, 'log/');
    await expect(log.append(1)).rejects.toThrow('disk full');
    await expect(log.append(2)).rejects.toThrow('disk full');
  });
});
