/**
 * Readers and writers of CSV, JSON lines and Parquet, as streams over the file store.
 *
 * - To plan: {@link splits}.
 * - To read: {@link readCsv}, {@link readJsonLines}, {@link readParquet}.
 * - To write: {@link writeCsv}, {@link writeJsonLines}, {@link writeParquet}.
 *
 * @module
 */
export { readCsv, writeCsv } from './csv.js';
export type { CsvReadOptions, CsvRow, CsvWriteOptions } from './csv.js';
export type { CsvDialect } from './csv-header.js';
export type { FileSplit, Format } from './file-split.js';
export type { Rows } from './in-chunks.js';
export { readJsonLines, writeJsonLines } from './json-lines.js';
export type { JsonLinesOptions } from './json-lines.js';
export { readParquet } from './parquet.js';
export type { ParquetReadOptions } from './parquet.js';
export { splits } from './plan-splits.js';
export type { SplitOptions } from './plan-splits.js';
export { writeParquet } from './write-parquet.js';
export type { ParquetColumn, ParquetWriteOptions } from './write-parquet.js';
