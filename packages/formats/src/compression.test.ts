import { gunzipSync, gzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import { ktFiles, openStore } from '@kube-transform/runtime';
import { isKtError, type KtFiles } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { readCsv, readJsonLines, splits, writeCsv, writeJsonLines } from './index.js';

const newFiles = async (): Promise<KtFiles> => ktFiles(await openStore('mem:'));
async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}
const codeOf = (rows: AsyncIterable<unknown> | Promise<unknown>): Promise<unknown> =>
  (rows instanceof Promise ? rows : all(rows)).then(
    () => 'fine',
    (error: unknown) => (isKtError(error) ? error.code : error),
  );
const ROWS = Array.from({ length: 5000 }, (_, n) => ({
  n: `${n}`,
  text: `line "${n}"\nof é, ${'x'.repeat(n % 50)}`,
}));

test.each(['a.csv.gz', 'a.TSV.GZ'])(
  'CSV in %s - is one split, which may have line breaks in quotes',
  async path => {
    const files = await newFiles();
    await writeCsv(files, path, ROWS);
    const bytes = await files.readBytes(path);
    expect(gunzipSync(bytes).toString()).toMatch(/^n,text\n0,"line ""0""\nof é, "\n/);
    const parts = await splits(files, path, { size: 10 });
    expect(parts).toEqual([{ format: 'csv', path, start: 0, end: bytes.length }]);
    expect(await splits(files, path, { quotedLineBreaks: true })).toEqual(parts);
    expect(await all(readCsv(files, path))).toEqual(ROWS);
    expect(await all(readCsv(files, path, { split: structuredClone(parts[0]!) }))).toEqual(ROWS);
  },
);

test('JSON lines - are packed and unpacked, also where files were put behind each other', async () => {
  const files = await newFiles();
  await writeJsonLines(files, 'a.jsonl.gz', ROWS);
  expect(await all(readJsonLines(files, 'a.jsonl.gz'))).toEqual(ROWS);
  await files.append('a.jsonl.gz', '{"n": "more"}\n');
  expect((await all(readJsonLines(files, 'a.jsonl.gz'))).at(-1)).toEqual({ n: 'more' });
  await writeJsonLines(files, 'none.ndjson.gz', []);
  expect(await all(readJsonLines(files, 'none.ndjson.gz'))).toEqual([]);
});

const hasZstd = 'createZstdCompress' in zlib;
test(`zstd - ${hasZstd ? 'is read and written' : 'is refused by a Node that has none'}`, async () => {
  const files = await newFiles();
  const written = codeOf(writeJsonLines(files, 'a.jsonl.zst', ROWS));
  expect(await written).toBe(hasZstd ? 'fine' : 'UNSUPPORTED');
  if (hasZstd) expect(await all(readJsonLines(files, 'a.jsonl.zst'))).toEqual(ROWS);
});

test('what is no gzip, is cut off, or empty - is refused, and so is a part of it', async () => {
  const files = await newFiles();
  const whole = gzipSync('{"n": 1}\n'.repeat(10_000));
  await files.write('plain.jsonl.gz', Buffer.from('{"n": 1}\n'));
  await files.write('cut.jsonl.gz', whole.subarray(0, whole.length - 9));
  await files.write('empty.jsonl.gz', new Uint8Array());
  for (const name of ['plain', 'cut', 'empty'])
    expect([name, await codeOf(readJsonLines(files, `${name}.jsonl.gz`))]).toEqual([name, 'BAD_DATA']);
  expect(await splits(files, 'empty.jsonl.gz')).toEqual([]);
  const split = { format: 'jsonl' as const, path: 'cut.jsonl.gz', start: 5, end: 10 };
  expect(await codeOf(readJsonLines(files, 'cut.jsonl.gz', { split }))).toBe('BAD_SPLIT');
  expect(await codeOf(readJsonLines(files, 'nothing.jsonl.gz'))).toBe('NOT_FOUND');
});

test('a wrong row is told with its line, and an error of rows that are written passes through', async () => {
  const files = await newFiles();
  await writeJsonLines(files, 'a.jsonl.gz', [{ n: 1 }, { n: 'two' }]);
  const schema = z.object({ n: z.number() });
  const reading = all(readJsonLines(files, 'a.jsonl.gz', { schema }));
  await expect(reading).rejects.toThrow(/"a\.jsonl\.gz", line 2/);
  const broken = async function* (): AsyncGenerator<object> {
    yield { n: 1 };
    throw new Error('no more');
  };
  await expect(writeJsonLines(files, 'b.jsonl.gz', broken())).rejects.toThrow('no more');
  expect(await files.exists('b.jsonl.gz')).toBe(false);
});

test('who reads only the first rows - lets the file go', async () => {
  const files = await newFiles();
  await writeJsonLines(files, 'a.jsonl.gz', ROWS);
  let isLeft = false;
  const watched: KtFiles = {
    ...files,
    async *stream(path, range) {
      try {
        for await (const chunk of files.stream(path, range))
          for (let at = 0; at < chunk.length; at += 100) yield chunk.subarray(at, at + 100);
      } finally {
        isLeft = true;
      }
    },
  };
  for await (const row of readJsonLines(watched, 'a.jsonl.gz')) {
    expect(row).toEqual(ROWS[0]);
    break;
  }
  await expect.poll(() => isLeft).toBe(true);
});
