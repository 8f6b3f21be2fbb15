/** Writes Parquet row group by row group, without holding more than one. */
import { KtError, type KtFiles } from '@kube-transform/sdk';
import { ByteWriter, type ColumnSource, ParquetWriter, schemaFromColumnData } from 'hyparquet-writer';
import type { Rows } from './in-chunks.js';

/**
 * A column of a Parquet file that is written.
 *
 * @example
 * ```ts
 * const column: ParquetColumn = { name: 'delay', type: 'INT32' };
 * ```
 */
export interface ParquetColumn {
  /** Its name: the key of its values in rows. */
  name: string;
  /** What its values are. Default: found from those of the first row group. */
  type?: 'BOOLEAN' | 'INT32' | 'INT64' | 'FLOAT' | 'DOUBLE' | 'STRING' | 'JSON' | 'TIMESTAMP' | undefined;
}

/**
 * How Parquet is written.
 *
 * @example
 * ```ts
 * const options: ParquetWriteOptions = { columns: [{ name: 'n', type: 'INT64' }], rowGroupRows: 50_000 };
 * ```
 */
export interface ParquetWriteOptions {
  /** The columns in their order. Default: the keys of the first row. */
  columns?: readonly ParquetColumn[] | undefined;
  /** Rows of a row group, which are held in memory. Default: 100,000. */
  rowGroupRows?: number | undefined;
  /** How pages are packed. Default: `SNAPPY`. */
  codec?: 'SNAPPY' | 'UNCOMPRESSED' | undefined;
}

type Row = Readonly<Record<string, unknown>>;

/**
 * Writes rows as Parquet; readers see the whole file or none of it. Null and undefined are null.
 *
 * @throws KtError `BAD_ROW` where the types of columns cannot be found or do not hold, or there is neither a
 * row nor `columns`.
 *
 * @example
 * ```ts
 * const files = ktFiles(await openStore('mem:'));
 * await writeParquet(files, 'a.parquet', [{ city: 'Rome', year: 1960 }]);
 * const found: unknown[] = [];
 * for await (const row of readParquet(files, 'a.parquet')) found.push(row);
 * found; // → [{ city: 'Rome', year: 1960 }]
 * ```
 */
// What is written stands beside where: as in `files.write`.
// eslint-disable-next-line max-params
export async function writeParquet(
  files: KtFiles,
  path: string,
  rows: Rows<Row>,
  options: ParquetWriteOptions = {},
): Promise<void> {
  await files.write(path, parquetBytes(path, rows, options));
}

async function* parquetBytes(
  path: string,
  rows: Rows<Row>,
  { columns, rowGroupRows = 100_000, codec = 'SNAPPY' }: ParquetWriteOptions,
): AsyncGenerator<Uint8Array> {
  const writer = new ByteWriter();
  let parquet: ParquetWriter | undefined;
  /** The types of all columns, known with the first row group: later ones are held to them. */
  const begin = (sources: ColumnSource[]): ParquetWriter => {
    const schema = schemaFromColumnData({
      columnData: sources.map(source => ({ nullable: true, ...source })),
    });
    return new ParquetWriter({ writer, codec, schema });
  };
  const add = (group: readonly Row[], from: number): Uint8Array => {
    columns ??= Object.keys(group[0] ?? {}).map(name => ({ name }));
    const sources = columns.map(({ name, type }): ColumnSource => {
      const data = group.map(row => (Object.hasOwn(row, name) ? row[name] : null) ?? null);
      return { name, data, nullable: true, ...(type === undefined ? {} : { type }) };
    });
    try {
      if (sources.length === 0) throw new TypeError('it has no columns');
      parquet ??= begin(sources);
      void parquet.write({ columnData: sources, rowGroupSize: Math.max(1, group.length) });
      return taken(writer);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : 'unknown';
      const message = `Cannot write rows ${from} to ${from + group.length - 1} of "${path}" as Parquet: ${why}.`;
      const hint = 'Name the columns and their types with `columns`.';
      throw new KtError({ code: 'BAD_ROW', path: '', message, hint }, { cause });
    }
  };
  let group: Row[] = [];
  let from = 1;
  for await (const row of rows) {
    group.push(row);
    if (group.length < rowGroupRows) continue;
    yield add(group, from);
    from += group.length;
    group = [];
  }
  if (group.length > 0 || parquet === undefined) yield add(group, from);
  void parquet?.finish();
  yield taken(writer);
}

/** What was written since the last time. */
function taken(writer: ByteWriter): Uint8Array {
  const bytes = writer.getBytes().slice();
  writer.index = 0;
  return bytes;
}
