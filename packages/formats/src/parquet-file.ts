/** A Parquet file of the store, of which only the bytes are read that are asked for. */
import { isKtError, KtError, type KtFiles } from '@kube-transform/sdk';
import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync } from 'hyparquet';

/** Enough for the footer of most files; a longer one is read with a second request. */
const FOOTER_BYTES = 32 * 1024;

/** A file with its footer. */
export interface ParquetFile {
  file: AsyncBuffer;
  metadata: FileMetaData;
}

/** Reads the footer of a file. @throws KtError `BAD_PARQUET` */
export async function openParquet(files: KtFiles, path: string): Promise<ParquetFile> {
  const { size } = await files.stat(path);
  const file: AsyncBuffer = {
    byteLength: size,
    slice: async (start, end = size) => {
      const bytes = await files.readBytes(path, { start, end });
      return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    },
  };
  try {
    return { file, metadata: await parquetMetadataAsync(file, { initialFetchSize: FOOTER_BYTES }) };
  } catch (error) {
    throw isKtError(error) ? error : badParquet(path, error);
  }
}

/** What hyparquet finds wrong, as an error of this house. */
export function badParquet(path: string, cause: unknown): KtError {
  const why = cause instanceof Error ? cause.message : 'unknown';
  const message = `The file "${path}" cannot be read as Parquet: ${why}.`;
  return new KtError(
    { code: 'BAD_PARQUET', message, path: '', hint: 'Was it written to its end?' },
    { cause },
  );
}
