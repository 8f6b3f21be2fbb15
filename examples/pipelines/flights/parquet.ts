/** Reads columns of Parquet as they are: counting needs no object for each of three million rows. */
import type { FileSplit } from '@kube-transform/formats';
import { type KtFiles, PermanentError } from '@kube-transform/sdk';
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetScan } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** Enough for the footer of most files; a longer one is read with a second request. */
const FOOTER_BYTES = 32 * 1024;
const COLUMNS = ['date', 'delay', 'origin'] as const;
const MICROS_PER_HOUR = 3_600_000_000n;

/** The columns that the delays are counted from, row by row; null where the file has no value. */
export interface FlightColumns {
  /** Hour of departure, local time. */
  hour: ArrayLike<number | null>;
  /** Minutes late; negative: early. */
  delay: ArrayLike<bigint | null>;
  origin: ArrayLike<string | null>;
}

/** Reads three columns of one row range. */
export async function readColumns(
  files: KtFiles,
  { path, start: rowStart, end: rowEnd }: FileSplit,
): Promise<FlightColumns> {
  const buffer = await openFile(files, path);
  const metadata = await readFooter(buffer);
  const names = metadata.schema.map(({ name }) => name);
  for (const column of COLUMNS) {
    if (!names.includes(column))
      throw new PermanentError(`"${path}" has no column "${column}"; it has ${names.slice(1).join(', ')}.`);
  }
  const scan = await parquetScan({
    file: buffer,
    metadata,
    columns: [...COLUMNS],
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
