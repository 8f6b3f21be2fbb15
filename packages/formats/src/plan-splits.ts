/** Plans how a file is read in parallel: parts that are good items of a map. */
import { KtError, type KtFiles, parseQuantity } from '@kube-transform/sdk';
import { codecOf } from './compression.js';
import type { FileSplit, Format } from './file-split.js';
import { parquetSplits } from './parquet-splits.js';

/**
 * How a file is split.
 *
 * @example
 * ```ts
 * const options: SplitOptions = { size: '16MiB', format: 'jsonl' };
 * ```
 */
export interface SplitOptions {
  /** At most so many bytes a split, as a number or as `64MiB`, `1G`. Default: `64MiB`. */
  size?: number | string | undefined;
  /**
   * How the file is read. Default: as its name ends, `.csv`, `.tsv`, `.jsonl`, `.ndjson` (also
   * with `.gz` or `.zst` behind it) or `.parquet`.
   */
  format?: Format | undefined;
  /**
   * Of CSV: rows may hold line breaks in quotes. The file is read once to find where rows end, and no split
   * ends within one. Default: false, which plans by the size alone.
   */
  quotedLineBreaks?: boolean | undefined;
  /** What encloses a field, for `quotedLineBreaks`. Default: `"`. */
  quote?: string | undefined;
}

const ENDINGS: readonly (readonly [RegExp, Format])[] = [
  [/\.[ct]sv(\.gz|\.zst)?$/i, 'csv'],
  [/\.(jsonl|ndjson)(\.gz|\.zst)?$/i, 'jsonl'],
  [/\.parquet$/i, 'parquet'],
];
const NEWLINE = 0x0a;

/**
 * Splits a file into parts that are read in parallel, in their order; none of an empty file.
 *
 * Of CSV and JSON lines only the size of the file is asked for, of Parquet the footer is read: its row groups
 * are put together up to the size, and cut into rows where they are larger. A file that is compressed as a
 * whole (`.gz`, `.zst`) is one split, however large.
 *
 * @throws KtError `NOT_FOUND`; `BAD_SPLIT` for a size or format that is none.
 *
 * @example
 * ```ts
 * const files = ktFiles(await openStore('mem:'));
 * await files.write('a.jsonl', '{"n": 1}\n{"n": 2}\n');
 * const parts = await splits(files, 'a.jsonl', { size: 10 });
 * parts.map(({ start, end }) => [start, end]); // → [[0, 10], [10, 18]]
 * ```
 */
export async function splits(files: KtFiles, path: string, options: SplitOptions = {}): Promise<FileSplit[]> {
  const size = bytesOf(options.size ?? '64MiB');
  const format = options.format ?? ENDINGS.find(([ending]) => ending.test(path))?.[1];
  if (format === undefined)
    throw badPlan(`The name "${path}" does not say how the file is read.`, 'Name it: `format: "csv"`.');
  if (format === 'parquet') return await parquetSplits(files, path, size);
  const isPacked = codecOf(path) !== undefined;
  if (format === 'csv' && !isPacked && options.quotedLineBreaks === true)
    return await splitsOfRows(files, path, { size, quote: options.quote ?? '"' });
  const { size: length } = await files.stat(path);
  if (isPacked) return length === 0 ? [] : [{ format, path, start: 0, end: length }];
  const count = Math.ceil(length / size);
  return Array.from({ length: count }, (_, i) => {
    return { format, path, start: i * size, end: Math.min(length, (i + 1) * size) };
  });
}

/** Splits that end where a row does: at a line break outside of quotes. */
async function splitsOfRows(
  files: KtFiles,
  path: string,
  { size, quote }: { size: number; quote: string },
): Promise<FileSplit[]> {
  const mark = new TextEncoder().encode(quote);
  if (mark.length !== 1)
    throw badPlan(`A quote is one byte, and not "${quote}".`, 'Leave `quotedLineBreaks` out.');
  const found: FileSplit[] = [];
  let start = 0;
  let at = 0;
  let isOpen = false;
  const cut = (end: number): void => {
    if (end > start) found.push({ format: 'csv', path, start, end, quotedLineBreaks: true });
    start = end;
  };
  for await (const chunk of files.stream(path)) {
    for (const byte of chunk) {
      at++;
      // A doubled quote within a field closes and opens it.
      if (byte === mark[0]) isOpen = !isOpen;
      else if (byte === NEWLINE && !isOpen && at - start >= size) cut(at);
    }
  }
  cut(at);
  return found;
}

function bytesOf(size: number | string): number {
  const bytes = typeof size === 'number' ? size : parseQuantity(size.replace(/B$/, ''));
  if (bytes !== undefined && Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw badPlan(
    `The size of a split is "${size}".`,
    'Give whole bytes, at least 1, or a text such as "64MiB".',
  );
}

function badPlan(message: string, hint: string): KtError {
  return new KtError({ code: 'BAD_SPLIT', message, path: '', hint });
}
