/** Reads Parquet out of the file store: only the bytes that are asked for. */
import { type KtFiles, PermanentError } from '@kube-transform/sdk';
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetScan } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** Enough for the footer of most files; a longer one is read with a second request. */
const FOOTER_BYTES = 32 * 1024;
const MICROS_PER_HOUR = 3_600_000_000n;

/** Rows of one Parquet file, from `rowStart` up to, not including, `rowEnd`. */
export interface RowRange {
  file: string;
  rowStart: number;
  rowEnd: number;
}

/** The columns that the delays are counted from, row by row; null where the file has no value. */
export interface FlightColumns {
  /** Hour of departure, local time. */
  hour: ArrayLike<number | null>;
  /** Minutes late; negative: early. */
  delay: ArrayLike<bigint | null>;
  origin: ArrayLike<string | null>;
}

/** Cuts a file into row ranges, none of which crosses a row group. */
export async function planRanges(files: KtFiles, file: string, rangesPerGroup: number): Promise<RowRange[]> {
  const metadata = await readFooter(await openFile(files, file));
  const names = metadata.schema.map(({ name }) => name);
  for (const column of ['date', 'delay', 'origin']) {
    if (!names.includes(column))
      throw new PermanentError(`"${file}" has no column "${column}"; it has ${names.slice(1).join(', ')}.`);
  }
  let groupStart = 0;
  return metadata.row_groups.flatMap(group => {
    const rows = Number(group.num_rows);
    const edges = Array.from(
      { length: rangesPerGroup + 1 },
      (_, i) => groupStart + Math.round((rows * i) / rangesPerGroup),
    );
    groupStart += rows;
    return edges
      .slice(1)
      .map((rowEnd, i) => ({ file, rowStart: edges[i] ?? 0, rowEnd }))
      .filter(range => range.rowEnd > range.rowStart);
  });
}

/** Reads three columns of one row range. */
export async function readColumns(
  files: KtFiles,
  { file, rowStart, rowEnd }: RowRange,
): Promise<FlightColumns> {
  const buffer = await openFile(files, file);
  const scan = await parquetScan({
    file: buffer,
    metadata: await readFooter(buffer),
    columns: ['date', 'delay', 'origin'],
    compressors,
    // Called once for each value of a dictionary page, not for each row.
    parsers: { timestampFromMicroseconds: micros => Number((micros / MICROS_PER_HOUR) % 24n) },
  });
  const read = (column: string): Promise<unknown> => scan.readColumn({ column, rowStart, rowEnd });
  const [hour, delay, origin] = await Promise.all([read('date'), read('delay'), read('origin')]);
  return { hour, delay, origin } as FlightColumns;
}

async function openFile(files: KtFiles, path: string): Promise<AsyncBuffer> {
  const { size } = await files.stat(path);
  return {
    byteLength: size,
    slice: async (start, end = size) => {
      const bytes = await files.readBytes(path, { start, end });
      const { buffer, byteOffset, byteLength } = bytes;
      return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    },
  };
}

function readFooter(file: AsyncBuffer): Promise<FileMetaData> {
  return parquetMetadataAsync(file, { initialFetchSize: FOOTER_BYTES });
}
