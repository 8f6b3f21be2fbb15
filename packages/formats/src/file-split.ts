/** A part of a file: what a map takes as an item, and what a reader is given. */
import { KtError } from '@kube-transform/sdk';
import { codecOf } from './compression.js';

/**
 * What is read in splits.
 *
 * @example
 * ```ts
 * const format: Format = 'csv';
 * ```
 */
export type Format = 'csv' | 'jsonl' | 'parquet';

/**
 * A part of a file, as {@link splits} plans it: plain data, made to be an item of a map.
 *
 * A row belongs to the split in which it begins: so each row is read exactly once, wherever splits are cut.
 *
 * @example
 * ```ts
 * const split: FileSplit = { format: 'csv', path: 'in/a.csv', start: 0, end: 67_108_864 };
 * ```
 */
export interface FileSplit {
  /** How the file is read. */
  format: Format;
  /** Where the file is, in the store. */
  path: string;
  /** The first byte; of Parquet the first row. From 0. */
  start: number;
  /** Behind the last byte; of Parquet behind the last row. Of a compressed file its size, as it is stored. */
  end: number;
  /** Of CSV: the split ends where a row ends, so that rows may hold line breaks in quotes. Default: false. */
  quotedLineBreaks?: boolean;
}

/** The part of a file that a reader reads: the split it is given, or all. @throws KtError `BAD_SPLIT` */
export function partOf(path: string, format: Format, split?: FileSplit): FileSplit {
  if (split === undefined) return { format, path, start: 0, end: Infinity, quotedLineBreaks: true };
  const { start, end } = split;
  const isPacked = codecOf(path) !== undefined;
  const isRange = Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end;
  if (isRange && split.path === path && split.format === format && !(isPacked && start > 0))
    // Bytes that are stored are not those that are read: its one split is all of it.
    return isPacked ? { ...split, end: Infinity, quotedLineBreaks: true } : split;
  const seen = `${split.format} split ${start}–${end} of "${split.path}"`;
  throw new KtError({
    code: 'BAD_SPLIT',
    path: '',
    message: `Cannot read "${path}" as ${format} by the ${seen}.`,
    hint: 'Give the reader a split that `splits` made of the same file and format.',
  });
}
