/** How far a log is whole. */
import { isKtError, type KtError } from '@kube-transform/sdk';
import type { Shape } from '../parse/shapes.js';
import type { FileStore } from '../ports/index.js';
import { LogReader, newSegments, valuesOf } from './read-log.js';

/** What was found of a log. */
export interface CheckedLog {
  log: string;
  /** The last segment up to which all are whole; 0: none is. */
  good: number;
  /** The last that a listing shows. */
  listed: number;
  /** Why the next one is not whole; null where there is no next one. */
  problem: KtError | null;
}

/**
 * Reads a log as far as it is whole.
 *
 * @param take given each value of a whole segment, and the number of that segment.
 */
export async function checkLog<T>(
  store: FileStore,
  { log, listed }: { log: string; listed: number },
  { shape, take = () => undefined }: { shape: Shape<T>; take?: (value: T, segment: number) => void },
): Promise<CheckedLog> {
  const reader = new LogReader(store, log);
  let good = 0;
  try {
    for await (const segment of newSegments(reader, listed)) {
      const values = [...valuesOf(segment, shape)];
      good = reader.number;
      for (const value of values) take(value, good);
    }
    return { log, good, listed, problem: null };
  } catch (error) {
    if (isDamage(error)) return { log, good, listed, problem: error };
    throw error;
  }
}

/** Whether an error says that a file of a run is damaged or gone. */
export const isDamage = (error: unknown): error is KtError =>
  isKtError(error) && (error.code === 'BAD_RUN' || error.code === 'NOT_FOUND');
