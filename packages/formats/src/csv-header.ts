/** The header of a CSV file: names of the columns, and where the rows begin. */
import { KtError, type KtFiles } from '@kube-transform/sdk';
import { CsvError, type Options } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { plainBytes } from './compression.js';

/**
 * What differs between CSV files.
 *
 * @example
 * ```ts
 * const dialect: CsvDialect = { delimiter: '\t', quote: null };
 * ```
 */
export interface CsvDialect {
  /** What stands between fields. Default: a comma. */
  delimiter?: string | undefined;
  /** What encloses a field, and is doubled within it; null: nothing does. Default: `"`. */
  quote?: string | null | undefined;
  /** What begins a comment, up to the end of its line. Default: nothing. */
  comment?: string | undefined;
  /** Whether space around fields is no part of them. Default: false. */
  trim?: boolean | undefined;
}

/** The names of the columns, the byte behind the header, and the lines up to there. */
export interface CsvHeader {
  names: readonly string[];
  end: number;
  lines: number;
}

/** A header that is longer is none. */
const MAX_HEADER_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** The options of csv-parse for a dialect. */
export function dialectOf({ delimiter = ',', quote = '"', comment, trim = false }: CsvDialect): Options {
  return {
    delimiter,
    quote,
    escape: quote,
    trim,
    skip_empty_lines: true,
    // The reader says it better: with the line.
    relax_column_count: true,
    record_delimiter: ['\r\n', '\n'],
    ...(comment === undefined ? {} : { comment }),
  };
}

/** Reads the header from the head of a file; none in an empty one. @throws KtError `BAD_CSV` */
export async function findHeader(
  files: KtFiles,
  path: string,
  options: CsvDialect & { columns?: readonly string[] | undefined },
): Promise<CsvHeader> {
  if (options.columns !== undefined) return { names: unlike(path, options.columns), end: 0, lines: 0 };
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of plainBytes(files, path)) {
    chunks.push(chunk);
    length += chunk.length;
    const found = headerIn(path, Buffer.concat(chunks), options);
    if (found !== undefined) return found;
    if (length > MAX_HEADER_BYTES) throw tooLong(path);
  }
  return (
    headerIn(path, Buffer.concat([...chunks, Buffer.from('\n')]), options) ?? {
      names: [],
      end: length,
      lines: 0,
    }
  );
}

function headerIn(path: string, head: Buffer, dialect: CsvDialect): CsvHeader | undefined {
  let lines = 0;
  let from = 0;
  for (let at = head.indexOf(NEWLINE); at >= 0; at = head.indexOf(NEWLINE, at + 1)) {
    lines++;
    const [names] = recordsOf(path, head.subarray(from, at + 1), { dialect, isHead: from === 0 }) ?? [];
    if (names !== undefined) return { names: unlike(path, names), end: at + 1, lines };
    // What holds no row and no open quote is done with: a blank line, a comment.
    if (recordsOf(path, head.subarray(from, at + 1), { dialect, isHead: from === 0 }) !== undefined)
      from = at + 1;
  }
  return undefined;
}

/** The rows of some lines; undefined where a quote is still open. */
function recordsOf(
  path: string,
  bytes: Buffer,
  { dialect, isHead }: { dialect: CsvDialect; isHead: boolean },
): string[][] | undefined {
  try {
    const rows: string[][] = parse(bytes, { ...dialectOf(dialect), bom: isHead });
    return rows;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') return undefined;
    throw badCsv(path, 'in its header', error);
  }
}

function unlike(path: string, names: readonly string[]): readonly string[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return names;
  const message = `The file "${path}" has two columns called "${twice}".`;
  const hint = 'Name the columns with `columns`, if the file has no header; or mend its header.';
  throw new KtError({ code: 'BAD_CSV', message, path: twice, hint });
}

function tooLong(path: string): KtError {
  const message = `The file "${path}" has no header within its first ${MAX_HEADER_BYTES} bytes.`;
  return new KtError({ code: 'BAD_CSV', message, path: '', hint: 'Is a quote left open in its first line?' });
}

/** What csv-parse finds wrong, as an error of this house. */
export function badCsv(path: string, where: string, cause: CsvError): KtError {
  const message = `The file "${path}" is not CSV, ${where}: ${cause.message}.`.replace(/\.\.$/, '.');
  const hint =
    'Check `delimiter` and `quote`. Rows with line breaks in quotes are split with `quotedLineBreaks: true`.';
  return new KtError({ code: 'BAD_CSV', message, path: '', hint }, { cause });
}
