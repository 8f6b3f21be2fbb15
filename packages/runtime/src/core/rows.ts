/** What is known of each job, in numbers: a row for each, and how rows are read and lengthened. */

/**
 * Numbers in a row. What one fact touches of a job lies in one line of the processor's cache, as it would not
 * with a list for each field.
 */
export const ROW = 8;

/** What happened to the job itself: one of the four below. */
export const OWN = 0;
/** Dependencies that have not ended. */
export const OPEN_DEPENDENCIES = 1;
/** Dependencies that ended badly. */
export const BAD_DEPENDENCIES = 2;
/** Spawned jobs that have not ended. */
export const OPEN_CHILDREN = 3;
/** Spawned jobs that ended badly. */
export const BAD_CHILDREN = 4;
/** The job that spawned it; -1 for none. */
export const PARENT = 5;
/** The first edge to one that depends on it; -1 for none. */
export const FIRST_EDGE = 6;
/** Some of the flags below. */
export const FLAGS = 7;

export const WAITING = 0;
export const SUBMITTED = 1;
export const SUCCEEDED = 2;
export const FAILED = 3;

/** The status is terminal, and those that wait on the job have been told. */
export const SETTLED = 1;
/** The job has nothing to run. */
export const IDLE = 2;
/** What is above them: 1 more than the status last announced; 0 where none was. */
export const ANNOUNCED_SHIFT = 2;

/** A field of job i. */
export const field = (rows: Int32Array, i: number, of: number): number => rows[i * ROW + of] ?? 0;

/** A longer copy: at least twice as long, so that n additions copy O(n) numbers. */
export function lengthened(numbers: Int32Array, least: number): Int32Array<ArrayBuffer> {
  const longer = new Int32Array(Math.max(least, 2 * numbers.length));
  longer.set(numbers);
  return longer;
}
