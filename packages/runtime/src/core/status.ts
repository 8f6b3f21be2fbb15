/** The seven statuses of a job, computed from facts. */
import { type FailureCause, JOB_STATUSES, type JobStatus } from '@kube-transform/sdk';
import type { Own } from './events.js';
import {
  BAD_CHILDREN,
  BAD_DEPENDENCIES,
  FAILED,
  field,
  OPEN_CHILDREN,
  OWN,
  ROW,
  SUBMITTED,
  SUCCEEDED,
  WAITING,
} from './rows.js';

/** What statuses are computed from. */
export interface Tallies {
  /** See `rows.ts`. */
  rows: Int32Array;
  /** Why jobs failed. */
  readonly causes: Map<number, FailureCause>;
  /** How many items failed of jobs that succeeded, where some did. */
  readonly failedItems: Map<number, number>;
}

// Statuses by number: where they stand in `JOB_STATUSES`, the terminal ones last, and of those the bad ones.
export const PENDING = 0;
const RUNNING = 1;
const AWAITING_DESCENDANTS = 2;
export const COMPLETED = 3;
const ENDED_BADLY = 4;
const DESCENDANT_FAILED = 5;
const SKIPPED = 6;

/** The truth table of statuses; there is no other place where one comes from. */
export function statusNumber(rows: Int32Array, i: number): number {
  switch (rows[i * ROW + OWN] ?? -1) {
    case WAITING:
      return field(rows, i, BAD_DEPENDENCIES) > 0 ? SKIPPED : PENDING;
    case SUBMITTED:
      return RUNNING;
    case SUCCEEDED:
      if (field(rows, i, BAD_CHILDREN) > 0) return DESCENDANT_FAILED;
      return field(rows, i, OPEN_CHILDREN) > 0 ? AWAITING_DESCENDANTS : COMPLETED;
    case FAILED:
      return ENDED_BADLY;
    default:
      throw new TypeError(`Bug: there is no job ${i}`);
  }
}

/** The status of job i. */
export const statusOf = ({ rows }: Tallies, i: number): JobStatus => nameOf(statusNumber(rows, i));

/** A status by its number. */
export const nameOf = (status: number): JobStatus => JOB_STATUSES[status] ?? 'Pending';

/** What happened to job i itself. */
export function ownOf({ rows, causes, failedItems }: Tallies, i: number): Own {
  switch (rows[i * ROW + OWN] ?? -1) {
    case WAITING:
      return { state: 'waiting' };
    case SUBMITTED:
      return { state: 'submitted' };
    case SUCCEEDED:
      return { state: 'succeeded', failedItems: failedItems.get(i) ?? 0 };
    default: {
      const cause = causes.get(i);
      if (cause === undefined) throw new TypeError(`Bug: there is no job ${i}`);
      return { state: 'failed', cause };
    }
  }
}

/** Whether a status, by its number, is the last one; a job that has it never gets another. */
export const isLast = (status: number): boolean => status >= COMPLETED;
/** Whether a job that ended so makes its dependents skipped and its parent DescendantFailed. */
export const endsBadly = (status: number): boolean => status > COMPLETED;

/** Whether a status is terminal. */
export const isTerminal = (status: JobStatus): boolean => isLast(JOB_STATUSES.indexOf(status));
/** Whether a status is a bad end. */
export const isBad = (status: JobStatus): boolean => endsBadly(JOB_STATUSES.indexOf(status));
