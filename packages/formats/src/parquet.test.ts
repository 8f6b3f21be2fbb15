import fc from 'fast-check';
import { ktFiles, openStore } from '@kube-transform/runtime';
import type { KtFiles } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { readParquet, splits, writeParquet } from './index.js';

const newFiles = async (): Promise<KtFiles> => ktFiles(await openStore('mem:'));

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

const row = fc.record({
  n: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
  name: fc.option(fc.string({ unit: 'grapheme' })),
  at: fc.option(fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })),
});
const columns = [
  { name: 'n', type: 'INT32' },
  { name: 'name', type: 'STRING' },
  { name: 'at', type: 'TIMESTAMP' },
] as const;

test('rows written as Parquet are read again, whole and by splits of any size', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(row, { maxLength: 40 }),
      fc.integer({ min: 1, max: 15 }),
      fc.integer({ min: 1, max: 600 }),
      async (rows, rowGroupRows, size) => {
        const files = await newFiles();
        await writeParquet(files, 'a.parquet', rows, { columns, rowGroupRows });
        expect(await all(readParquet(files, 'a.parquet'))).toEqual(rows);
        const found: unknown[] = [];
        for (const split of await splits(files, 'a.parquet', { size }))
          found.push(...(await all(readParquet(files, 'a.parquet', { split }))));
        expect(found).toEqual(rows);
      },
    ),
  );
});

test('Parquet is read by ranges: the column asked for, and no other byte than its own', async () => {
  const files = await newFiles();
  const rows = Array.from({ length: 20_000 }, (_, i) => ({ n: i, text: `${i}`.repeat(20) }));
  await writeParquet(files, 'a.parquet', rows, { rowGroupRows: 5_000 });
  const { size } = await files.stat('a.parquet');
  let read = 0;
  const counting: KtFiles = {
    ...files,
    async readBytes(path, range) {
      const bytes = await files.readBytes(path, range);
      read += bytes.length;
      return bytes;
    },
  };
  const split = { format: 'parquet', path: 'a.parquet', start: 6_000, end: 6_010 } as const;
  const found = await all(readParquet(counting, 'a.parquet', { split, columns: ['n'] }));
  expect(found).toEqual(rows.slice(6_000, 6_010).map(({ n }) => ({ n })));
  expect(read).toBeLessThan(size / 4);
});

test('what is wrong with Parquet is told', async () => {
  const files = await newFiles();
  await files.write('bad.parquet', 'no parquet at all');
  await expect(all(readParquet(files, 'bad.parquet'))).rejects.toMatchObject({ code: 'BAD_PARQUET' });
  await expect(writeParquet(files, 'a.parquet', [])).rejects.toThrow('it has no columns');
  await writeParquet(files, 'a.parquet', [{ n: 1 }, { n: 2 }]);
  await expect(all(readParquet(files, 'a.parquet', { columns: ['x'] }))).rejects.toThrow('it has n.');
  const schema = z.object({ n: z.number().max(1) });
  await expect(all(readParquet(files, 'a.parquet', { schema }))).rejects.toThrow(
    /"a.parquet", row 2, column "n": .*; it is 2/,
  );
  const mixed = writeParquet(files, 'b.parquet', [{ n: 1 }, { n: 'x' }], { rowGroupRows: 1 });
  await expect(mixed).rejects.toMatchObject({ code: 'BAD_ROW' });
  expect(await files.exists('b.parquet')).toBe(false);
});

test('a Parquet file without a row has its columns', async () => {
  const files = await newFiles();
  await writeParquet(files, 'a.parquet', [], { columns });
  expect(await all(readParquet(files, 'a.parquet'))).toEqual([]);
  expect(await splits(files, 'a.parquet')).toEqual([]);
});
