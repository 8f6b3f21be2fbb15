/** What came of trying a store: what `kt doctor` tells of it. */

/** What is done with a store and the objects in it. */
export type StoreVerb =
  'open' | 'list' | 'get' | 'put' | 'put if absent' | 'replace if match' | 'delete' | 'copy';

/** What was found. */
export interface StoreTrial {
  /** What did not work, with what was said and what to do; empty where all did. */
  failures: { verb: StoreVerb; why: string; hint: string }[];
  /**
   * How far the clock that stamps objects is ahead of this machine's, in milliseconds; null where nothing
   * could be put. Less than a second is none: stamps are whole seconds.
   */
  aheadMs: number | null;
  /** How long puts of small objects took, ten at a time; null where they were not tried. */
  puts: { count: number; totalMs: number; medianMs: number } | null;
  /** Objects that could not be deleted. */
  left: string[];
}
