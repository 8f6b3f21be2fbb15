/** The seven statuses of a job, computed from facts. */
import type { JobStatus } from '@kube-transform/sdk';
import type { Own } from './events.js';

/** What statuses are computed from, as columns: entry i of each belongs to job i. */
export interface Tallies {
  own: Own[];
  /** Dependencies that have not ended. */
  openDependencies: Int32Array;
  /** Dependencies that ended badly. */
  badDependencies: Int32Array;
  /** Spawned jobs that have not ended. */
  openChildren: Int32Array;
  /** Spawned jobs that ended badly. */
  badChildren: Int32Array;
}

/** The truth table of statuses; there is no other place where one comes from. */
export function statusOf(tallies: Tallies, i: number): JobStatus {
  switch (tallies.own[i]?.state) {
    case undefined:
      throw new TypeError(`Bug: there is no job ${i}`);
    case 'waiting':
      return any(tallies.badDependencies, i) ? 'SkippedDueToUpstreamFailure' : 'Pending';
    case 'submitted':
      return 'Running';
    case 'succeeded':
      if (any(tallies.badChildren, i)) return 'DescendantFailed';
      return any(tallies.openChildren, i) ? 'AwaitingDescendants' : 'Completed';
    case 'failed':
      return 'Failed';
  }
}

/** Whether job i has some in a column. */
export function any(column: Int32Array, i: number): boolean {
  return (column[i] ?? 0) > 0;
}

/** Whether a status is the last one; a job that has it never gets another. */
export function isTerminal(status: JobStatus): boolean {
  return status !== 'Pending' && status !== 'Running' && status !== 'AwaitingDescendants';
}

/** Whether a job that ended so makes its dependents skipped and its parent DescendantFailed. */
export function isBad(status: JobStatus): boolean {
  return status === 'Failed' || status === 'DescendantFailed' || status === 'SkippedDueToUpstreamFailure';
}
