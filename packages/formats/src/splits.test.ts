import fc from 'fast-check';
import { ktFiles, openStore } from '@kube-transform/runtime';
import type { KtFiles } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { readCsv, readJsonLines, splits, type SplitOptions, writeCsv, writeJsonLines } from './index.js';

const newFiles = async (): Promise<KtFiles> => ktFiles(await openStore('mem:'));

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const row of rows) found.push(row);
  return found;
}

/** What stores do: chunks of any size, which end anywhere. */
function inPieces(files: KtFiles, size: number): KtFiles {
  return {
    ...files,
    async *stream(path, range) {
      const bytes = await files.readBytes(path, range);
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    },
  };
}

async function bySplits<T>(
  files: KtFiles,
  options: SplitOptions & { path: string },
  read: (split: Awaited<ReturnType<typeof splits>>[number]) => AsyncIterable<T>,
): Promise<T[]> {
  const found: T[] = [];
  for (const split of await splits(files, options.path, options))
    found.push(...(await all(read(structuredClone(split)))));
  return found;
}

const size = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 200 }));
const piece = fc.oneof(fc.constant(1), fc.integer({ min: 2, max: 64 }));
const newline = fc.constantFrom('\n', '\r\n');
const char = fc.constantFrom('a', 'b', ' ', 'é', '€', '😀', '\u2028', '"', '\\', ',', '\ufeff', "'");
const text = (unit: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.string({ unit, maxLength: 12 });
const lineBreaks = fc.oneof(char, fc.constantFrom('\n', '\r\n', '\r'));
const RUNS = { numRuns: 400 };

describe('JSON lines', () => {
  const value = fc.oneof(
    text(lineBreaks),
    fc.integer(),
    fc.constant(null),
    fc.array(text(char), { maxLength: 3 }),
  );
  const blank = fc.array(fc.constantFrom('', ' ', '\t'), { maxLength: 2 });
  const line = fc.record({ value, blank, newline });

  test('read by splits are what they are, each once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { maxLength: 12 }),
        fc.boolean(),
        size,
        piece,
        async (lines, isEnded, n, p) => {
          const files = inPieces(await newFiles(), p);
          let written = lines
            .map(
              ({ value: row, blank: above, newline: end }) => [...above, JSON.stringify(row)].join(end) + end,
            )
            .join('');
          if (!isEnded) written = written.replace(/\r?\n$/, '');
          await files.write('a.jsonl', written);
          const rows = lines.map(row => row.value);
          expect(await all(readJsonLines(files, 'a.jsonl'))).toEqual(rows);
          expect(
            await bySplits(files, { path: 'a.jsonl', size: n }, split =>
              readJsonLines(files, 'a.jsonl', { split }),
            ),
          ).toEqual(rows);
        },
      ),
      RUNS,
    );
  });

  test('written are read again', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(value), async rows => {
        const files = await newFiles();
        await writeJsonLines(files, 'a.jsonl', rows);
        expect(await all(readJsonLines(files, 'a.jsonl'))).toEqual(rows);
      }),
    );
  });

  test('that are none say file, line and what stands there', async () => {
    const files = await newFiles();
    await files.write('a.jsonl', '{"n": 1}\r\n\r\n{"n": }\n');
    await expect(all(readJsonLines(files, 'a.jsonl'))).rejects.toThrow(
      'The file "a.jsonl", line 3, is not JSON: "{"n": }',
    );
    const [, split] = await splits(files, 'a.jsonl', { size: 11 });
    await expect(all(readJsonLines(files, 'a.jsonl', { split }))).rejects.toThrow(
      'line 1 in the split of bytes 11 to 20',
    );
    await files.write('b.jsonl', '{"n": 1}\n{"n": "x"}\n');
    const schema = z.object({ n: z.number() });
    await expect(all(readJsonLines(files, 'b.jsonl', { schema }))).rejects.toThrow(
      /"b.jsonl", line 2, column "n": .*number.*; it is "x"/,
    );
    await files.write('c.jsonl', Uint8Array.from([0x22, 0xff, 0x22]));
    await expect(all(readJsonLines(files, 'c.jsonl'))).rejects.toMatchObject({ code: 'BAD_TEXT' });
  });
});

describe('CSV', () => {
  const table = (
    unit: fc.Arbitrary<string>,
  ): fc.Arbitrary<{ names: string[]; rows: Record<string, string>[] }> =>
    fc
      .uniqueArray(
        fc.string({ unit: char, minLength: 1, maxLength: 5 }).filter(name => !name.includes('\ufeff')),
        {
          minLength: 1,
          maxLength: 4,
        },
      )
      .chain(names =>
        fc.record({
          names: fc.constant(names),
          rows: fc.array(
            fc
              .tuple(...names.map(() => text(unit)))
              .map(fields => Object.fromEntries(fields.map((field, i) => [names[i]!, field]))),
            { maxLength: 10 },
          ),
        }),
      );
  const quoted = (field: string): string => `"${field.replaceAll('"', '""')}"`;
  const written = (
    { names, rows }: { names: string[]; rows: Record<string, string>[] },
    end: string,
  ): string =>
    [names, ...rows.map(row => names.map(name => row[name] ?? ''))]
      .map(fields => fields.map(quoted).join(',') + end)
      .join('');

  test('read by splits is what it is, each row once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        table(char),
        newline,
        fc.boolean(),
        fc.tuple(size, piece),
        async (data, end, isEnded, [n, p]) => {
          const files = inPieces(await newFiles(), p);
          await files.write('a.csv', isEnded ? written(data, end) : written(data, end).replace(/\r?\n$/, ''));
          expect(await all(readCsv(files, 'a.csv'))).toEqual(data.rows);
          expect(
            await bySplits(files, { path: 'a.csv', size: n }, split => readCsv(files, 'a.csv', { split })),
          ).toEqual(data.rows);
        },
      ),
      RUNS,
    );
  });

  test('with line breaks in quotes is read whole, and by splits that know of them', async () => {
    await fc.assert(
      fc.asyncProperty(table(lineBreaks), newline, fc.tuple(size, piece), async (data, end, [n, p]) => {
        const files = inPieces(await newFiles(), p);
        await files.write('a.csv', `\ufeff${end}${written(data, end)}`);
        expect(await all(readCsv(files, 'a.csv'))).toEqual(data.rows);
        expect(
          await bySplits(files, { path: 'a.csv', size: n, quotedLineBreaks: true }, split =>
            readCsv(files, 'a.csv', { split }),
          ),
        ).toEqual(data.rows);
      }),
      RUNS,
    );
  });

  test('with line breaks in quotes is never read wrongly by splits of lines: it is refused', async () => {
    await fc.assert(
      fc.asyncProperty(table(lineBreaks), size, async (data, n) => {
        const files = await newFiles();
        await files.write('a.csv', written(data, '\n'));
        const read = bySplits(files, { path: 'a.csv', size: n }, split => readCsv(files, 'a.csv', { split }));
        const hasBreak = data.rows.some(row => Object.values(row).some(field => field.includes('\n')));
        if (hasBreak)
          await expect(read).rejects.toMatchObject({
            code: expect.stringMatching(/^(QUOTED_LINE_BREAK|BAD_CSV)$/),
          });
        else expect(await read).toEqual(data.rows);
      }),
      RUNS,
    );
  });

  test('written is read again', async () => {
    await fc.assert(
      fc.asyncProperty(table(lineBreaks), async data => {
        const files = await newFiles();
        await writeCsv(files, 'a.csv', data.rows, { columns: data.names });
        expect(await all(readCsv(files, 'a.csv'))).toEqual(data.rows);
      }),
      RUNS,
    );
  });

  test('that is wrong says file, line, column and value', async () => {
    const files = await newFiles();
    await files.write('a.csv', 'name,year\nAda,1815\n\nGrace,unknown\n');
    const schema = z.object({ year: z.coerce.number() });
    await expect(all(readCsv(files, 'a.csv', { schema }))).rejects.toThrow(
      /"a.csv", line 4, column "year": .*; it is "unknown"/,
    );
    await files.write('b.csv', 'name,year\nAda\n');
    await expect(all(readCsv(files, 'b.csv'))).rejects.toThrow(
      '"b.csv", line 2, has 1 fields, but there are 2 columns: name, year',
    );
    await files.write('c.csv', 'name,name\nAda,x\n');
    await expect(all(readCsv(files, 'c.csv'))).rejects.toThrow('has two columns called "name"');
    await expect(writeCsv(files, 'd.csv', [{ a: 1 }, { a: 2, b: 3 }])).rejects.toThrow('Row 2 of "d.csv"');
    expect(await files.exists('d.csv')).toBe(false);
  });

  test('of other dialects is read', async () => {
    const files = await newFiles();
    await files.write('a.tsv', '# of yesterday\n\na\t1\nb "x"\t2\n');
    const rows = readCsv(files, 'a.tsv', { delimiter: '\t', comment: '#', quote: null, columns: ['x', 'y'] });
    expect(await all(rows)).toEqual([
      { x: 'a', y: '1' },
      { x: 'b "x"', y: '2' },
    ]);
  });

  test('without a row is no row', async () => {
    const files = await newFiles();
    for (const content of ['', '\n', '\ufeff', 'a,b', 'a,b\r\n']) {
      await files.write('a.csv', content);
      expect(await all(readCsv(files, 'a.csv'))).toEqual([]);
      expect(
        await bySplits(files, { path: 'a.csv', size: 1 }, split => readCsv(files, 'a.csv', { split })),
      ).toEqual([]);
    }
  });
});

describe('a plan', () => {
  test('covers the file', async () => {
    const files = await newFiles();
    await files.write('a.CSV', 'x'.repeat(10));
    expect(await splits(files, 'a.CSV', { size: 4 })).toEqual([
      { format: 'csv', path: 'a.CSV', start: 0, end: 4 },
      { format: 'csv', path: 'a.CSV', start: 4, end: 8 },
      { format: 'csv', path: 'a.CSV', start: 8, end: 10 },
    ]);
    await files.write('empty.jsonl', '');
    expect(await splits(files, 'empty.jsonl')).toEqual([]);
  });

  test.each([0, -1, 1.5, Number.NaN, 'many', '0B'])('of splits of %s bytes is refused', async bad => {
    const files = await newFiles();
    await files.write('a.csv', 'a');
    await expect(splits(files, 'a.csv', { size: bad })).rejects.toMatchObject({ code: 'BAD_SPLIT' });
  });

  test('of another file, or a file of no known format, is refused', async () => {
    const files = await newFiles();
    await files.write('a.bin', 'a');
    await expect(splits(files, 'a.bin')).rejects.toThrow('does not say how the file is read');
    await expect(splits(files, 'gone.csv')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const [split] = await splits(files, 'a.bin', { format: 'jsonl' });
    await expect(all(readCsv(files, 'a.bin', { split }))).rejects.toMatchObject({ code: 'BAD_SPLIT' });
  });
});
