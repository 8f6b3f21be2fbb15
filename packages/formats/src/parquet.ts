/** Parquet: rows by ranges, read row group by row group. */
import { isKtError, KtError, type KtFiles, type StandardSchema } from '@kube-transform/sdk';
import { parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { checkRow } from './check-row.js';
import { type FileSplit, partOf } from './file-split.js';
import { badParquet, openParquet } from './parquet-file.js';

/**
 * How Parquet is read.
 *
 * @example
 * ```ts
 * const options: ParquetReadOptions = { columns: ['origin', 'delay'] };
 * ```
 */
export interface ParquetReadOptions<T = Record<string, unknown>> {
  /** The rows to read. Default: all. */
  split?: FileSplit | undefined;
  /** The columns to read; nothing is read of others. Default: all. */
  columns?: readonly string[] | undefined;
  /** What each row must be. Default: rows are not checked. */
  schema?: StandardSchema<unknown, T> | undefined;
}

/** Rows that are made at once: their objects are what takes memory. */
const ROWS_AT_ONCE = 100_000;

/**
 * Reads a Parquet file row by row: only the pages of these columns and rows, at most one row group at once.
 *
 * Integers of 64 bits are bigint, timestamps Date. All codecs are read that Parquet knows.
 *
 * Rejects with KtError: `BAD_PARQUET` for what is none, and for a column that is not there; `BAD_ROW` for a
 * row that does not fit the schema.
 *
 * @example
 * ```ts
 * async function late(files: KtFiles, split: FileSplit): Promise<number> {
 *   let count = 0;
 *   const rows = readParquet(files, split.path, { split, columns: ['delay'] });
 *   for await (const { delay } of rows) if (Number(delay) > 15) count++;
 *   return count;
 * }
 * ```
 */
export async function* readParquet<T = Record<string, unknown>>(
  files: KtFiles,
  path: string,
  options: ParquetReadOptions<T> = {},
): AsyncGenerator<T> {
  const part = partOf(path, 'parquet', options.split);
  const { file, metadata } = await openParquet(files, path);
  const names = metadata.schema.map(({ name }) => name);
  const strange = options.columns?.find(name => !names.slice(1).includes(name));
  if (strange !== undefined) {
    const message = `The file "${path}" has no column "${strange}"; it has ${names.slice(1).join(', ')}.`;
    throw new KtError({ code: 'BAD_PARQUET', path: strange, message, hint: 'Names are case-sensitive.' });
  }
  const columns = options.columns === undefined ? {} : { columns: [...options.columns] };
  for (const [rowStart, rowEnd] of rangesIn(
    metadata.row_groups.map(group => Number(group.num_rows)),
    part,
  )) {
    const range = { file, metadata, compressors, rowStart, rowEnd, ...columns };
    const rows = await parquetReadObjects(range).catch((error: unknown) => {
      throw isKtError(error) ? error : badParquet(path, error);
    });
    let number = rowStart;
    for (const row of rows) {
      number++;
      const where = (): string => `The file "${path}", row ${number}`;
      yield options.schema === undefined ? (row as T) : await checkRow(row, options.schema, where);
    }
  }
}

/** Row ranges of a part, none of which crosses a row group. */
function rangesIn(groups: readonly number[], { start, end }: FileSplit): [start: number, end: number][] {
  const found: [number, number][] = [];
  let groupStart = 0;
  for (const rows of groups) {
    const last = Math.min(end, groupStart + rows);
    for (let at = Math.max(start, groupStart); at < last; at += ROWS_AT_ONCE)
      found.push([at, Math.min(last, at + ROWS_AT_ONCE)]);
    groupStart += rows;
  }
  return found;
}
