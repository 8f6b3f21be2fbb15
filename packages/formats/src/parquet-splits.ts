/** Splits of Parquet: row groups put together up to a size, or cut into rows where they are larger. */
import type { KtFiles } from '@kube-transform/sdk';
import type { FileSplit } from './file-split.js';
import { openParquet } from './parquet-file.js';

/** Plans row ranges of at most some bytes each, as far as they are packed in the file. */
export async function parquetSplits(files: KtFiles, path: string, size: number): Promise<FileSplit[]> {
  const { metadata } = await openParquet(files, path);
  const found: FileSplit[] = [];
  let start = 0;
  let bytes = 0;
  let at = 0;
  const cut = (end: number): void => {
    if (end > start) found.push({ format: 'parquet', path, start, end });
    start = end;
    bytes = 0;
  };
  for (const group of metadata.row_groups) {
    const packed = Number(group.total_compressed_size ?? group.total_byte_size);
    const rows = Number(group.num_rows);
    if (bytes + packed > size) cut(at);
    const parts = Math.min(rows, Math.ceil(packed / size));
    for (let i = 1; i < parts; i++) cut(at + Math.round((rows * i) / parts));
    if (parts > 1) cut(at + rows);
    else bytes += packed;
    at += rows;
  }
  cut(at);
  return found;
}
