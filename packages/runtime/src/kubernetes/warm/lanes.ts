/*
 * How many pods a step is worth, where its pods take one thing to do after another. Pure.
 *
 * - It begins with few, or with as many as its author says. There are more as long as what is left, at the
 *   speed seen, takes longer than pods take to start, and all that there are run: a cluster that has no room
 *   is asked for no more. Where one thing takes long, a start is nothing beside it: then for all at once, so
 *   that a cluster that grows knows how far. Those that have not begun will take what is left as well.
 */

/** Pods that a step begins with, where its author says nothing, and where he does at most. */
const FIRST_LANES = 4;
const MOST_FIRST_LANES = 16;
/** What is left has to be worth so many starts of a pod. */
const STARTS = 2;
const MIN_START_MS = 500;
const LONG_MS = 10_000;

/** How a wave stands. */
export interface LaneProgress {
  lanes: number;
  /** Pods of it that run. */
  ready: number;
  /** What is still to be given to pods, and how much has been done. */
  unassigned: number;
  done: number;
  /** How long its first pods took to start, how long they have been at work, and since when none asked. */
  startMs: number;
  workedMs: number;
  silentMs: number;
}

/** How many pods a wave begins with, of at most `limit`; `said`: what the step's author says. */
export const firstLanes = (limit: number, said: number | null): number =>
  Math.min(limit, said === null ? FIRST_LANES : Math.min(said, MOST_FIRST_LANES));

/** How many pods a wave should have, of at most `limit`. */
export function worthwhileLanes(at: LaneProgress, limit: number): number {
  const { lanes, ready, unassigned, done, startMs, workedMs, silentMs } = at;
  if (unassigned === 0) return lanes;
  // What has not been done for so long takes so long, whatever others took.
  const eachMs = Math.max(done === 0 ? workedMs : (workedMs * lanes) / done, silentMs);
  const isLong = eachMs >= LONG_MS;
  const leftMs = (unassigned * eachMs) / lanes;
  if ((ready < lanes && !isLong) || leftMs < STARTS * Math.max(MIN_START_MS, startMs)) return lanes;
  return Math.max(lanes, Math.min(limit, isLong ? limit : lanes * 2, ready + unassigned));
}
