/** CSV: rows as objects, named by the header of the file. */
import { pipeline, Readable } from 'node:stream';
import { KtError, type KtFiles, type StandardSchema } from '@kube-transform/sdk';
import { CsvError, type Info, type Options, parse } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import { checkRow } from './check-row.js';
import { packed } from './compression.js';
import { badCsv, type CsvDialect, dialectOf, findHeader } from './csv-header.js';
import { type FileSplit, partOf } from './file-split.js';
import { inChunks, type Rows } from './in-chunks.js';
import { placeOf, splitText } from './split-bytes.js';

/**
 * A row of CSV: text by the name of its column.
 *
 * @example
 * ```ts
 * const row: CsvRow = { iata: 'JFK', city: 'New York' };
 * ```
 */
export type CsvRow = Record<string, string>;

/**
 * How CSV is read.
 *
 * @example
 * ```ts
 * const options: CsvReadOptions<{ year: number }> = { schema: z.object({ year: z.coerce.number() }) };
 * ```
 */
export interface CsvReadOptions<T = CsvRow> extends CsvDialect {
  /** The part to read. Default: all. */
  split?: FileSplit | undefined;
  /** Names of the columns, for a file without a header. Default: the first row has them. */
  columns?: readonly string[] | undefined;
  /** What each row must be; it is given text by column. Default: rows are not checked. */
  schema?: StandardSchema<unknown, T> | undefined;
}

/**
 * Reads a CSV file row by row; blank lines are passed over.
 *
 * Within a split a row is a line, unless `splits` was told of `quotedLineBreaks`. A file whose name ends in
 * `.gz` or `.zst` is decompressed.
 *
 * Rejects with KtError: `BAD_CSV` for what is no CSV, `BAD_ROW` for a row that does not fit the schema,
 * `QUOTED_LINE_BREAK` for a row of several lines in a split that cannot hold one, `BAD_TEXT` for what is not
 * UTF-8, `BAD_DATA` for what is not compressed as its name says.
 *
 * @example
 * ```ts
 * const files = ktFiles(await openStore('mem:'));
 * await files.write('a.csv', 'city,year\n"Rome, Italy",1960\n');
 * const schema = z.object({ city: z.string(), year: z.coerce.number() });
 * const found: unknown[] = [];
 * for await (const row of readCsv(files, 'a.csv', { schema })) found.push(row);
 * found; // → [{ city: 'Rome, Italy', year: 1960 }]
 * ```
 */
export async function* readCsv<T = CsvRow>(
  files: KtFiles,
  path: string,
  options: CsvReadOptions<T> = {},
): AsyncGenerator<T> {
  const whole = partOf(path, 'csv', options.split);
  const { names, end: headerEnd, lines: headerLines } = await findHeader(files, path, options);
  const part = { ...whole, start: Math.max(whole.start, headerEnd) };
  const records = <R>(more: Options): AsyncIterable<R> => {
    const parser = parse({ ...dialectOf(options), ...more });
    // What goes wrong in one of them is thrown by whoever reads the parser.
    pipeline(Readable.from(splitText(files, part)), parser, () => undefined);
    return parser;
  };
  let number = 0;
  /** Where the row at hand stands: lines are counted only for one that is wrong, since that is slow. */
  const where = async (): Promise<string> => {
    let at = 0;
    for await (const { info } of records<{ info: Info }>({ info: true })) {
      if (++at < number) continue;
      if (whole.start <= headerEnd) return `The file "${path}", line ${headerLines + info.lines}`;
      return `The file "${path}", line ${info.lines} ${placeOf(part)}`;
    }
    return `The file "${path}"`;
  };
  try {
    for await (const fields of records<string[]>({})) {
      number++;
      if (fields.length !== names.length) throw badLength(await where(), fields, names);
      if (part.quotedLineBreaks !== true && fields.some(field => field.includes('\n')))
        throw lineBreak(await where());
      const row: CsvRow = {};
      for (const [i, name] of names.entries()) row[name] = fields[i] ?? '';
      yield options.schema === undefined ? (row as T) : await checkRow(row, options.schema, where);
    }
  } catch (error) {
    throw error instanceof CsvError ? badCsv(path, placeOf(whole), error) : error;
  }
}

/**
 * How CSV is written.
 *
 * @example
 * ```ts
 * const options: CsvWriteOptions = { columns: ['iata', 'city'], delimiter: ';' };
 * ```
 */
export interface CsvWriteOptions {
  /** Names of the columns, in their order. Default: the keys of the first row. */
  columns?: readonly string[] | undefined;
  /** What stands between fields. Default: a comma. */
  delimiter?: string | undefined;
  /** Whether the first line names the columns. Default: true. */
  header?: boolean | undefined;
}

/**
 * Writes rows as CSV, without holding them: readers see the whole file or none of it. It is compressed where
 * the name ends in `.gz` or `.zst`.
 *
 * Fields are quoted where they must be; null and undefined are empty, a date is written as ISO 8601 says.
 *
 * @throws KtError `BAD_ROW` for a row that has a column which the first does not have.
 *
 * @example
 * ```ts
 * const files = ktFiles(await openStore('mem:'));
 * await writeCsv(files, 'a.csv', [{ city: 'Rome, Italy', year: 1960 }]);
 * await files.readText('a.csv'); // → 'city,year\n"Rome, Italy",1960\n'
 * ```
 */
// What is written stands beside where: as in `files.write`.
// eslint-disable-next-line max-params
export async function writeCsv(
  files: KtFiles,
  path: string,
  rows: Rows<Readonly<Record<string, unknown>>>,
  options: CsvWriteOptions = {},
): Promise<void> {
  const { delimiter = ',', header = true } = options;
  let columns = options.columns;
  let number = 0;
  const line = (fields: readonly unknown[]): string =>
    stringify([[...fields]], {
      delimiter,
      // Of one column an empty field would be a blank line.
      quoted_empty: fields.length === 1,
      quoted_match: /\r/,
      cast: { boolean: String, date: date => date.toISOString() },
    });
  const text = (row: Readonly<Record<string, unknown>>): string => {
    number++;
    const first = columns === undefined || number === 1;
    const names = (columns ??= Object.keys(row));
    const strange = Object.keys(row).find(name => !names.includes(name));
    if (strange !== undefined) {
      const message = `Row ${number} of "${path}" has a column "${strange}", which is none of ${names.join(', ')}.`;
      throw new KtError({
        code: 'BAD_ROW',
        path: strange,
        message,
        hint: 'Name all columns with `columns`.',
      });
    }
    return (
      (first && header ? line(names) : '') +
      line(names.map(name => (Object.hasOwn(row, name) ? (row[name] ?? '') : '')))
    );
  };
  await files.write(path, packed(path, inChunks(rows, text)));
}

function badLength(where: string, fields: readonly string[], names: readonly string[]): KtError {
  const message = `${where}, has ${fields.length} fields, but there are ${names.length} columns: ${names.join(', ')}.`;
  return new KtError({
    code: 'BAD_CSV',
    path: '',
    message,
    hint: 'Check the line, and `delimiter` and `quote`.',
  });
}

function lineBreak(where: string): KtError {
  return new KtError({
    code: 'QUOTED_LINE_BREAK',
    path: '',
    message: `${where}, has a line break in quotes, and the file is read in splits of lines.`,
    hint: 'Plan with `splits(files, path, { quotedLineBreaks: true })`, or read the file as a whole.',
  });
}
