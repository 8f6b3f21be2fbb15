/** Reads the state of a run: statuses, counts, what is known of a job. */
import { JOB_STATUSES, type JobStatus, type KTJob } from '@kube-transform/sdk';
import type { Own } from './events.js';
import type { RunState } from './run-state.js';
import { field, PARENT } from './rows.js';
import { COMPLETED, ownOf, statusOf } from './status.js';

/** What is known of a job. */
export interface JobState {
  job: KTJob;
  /** Name of the job that spawned it; null for a job of the pipeline. */
  parent: string | null;
  own: Own;
  status: JobStatus;
}

/** One job, or undefined where there is none of that name. */
export function jobState(state: RunState, name: string): JobState | undefined {
  const i = state.byName.get(name);
  return i === undefined ? undefined : view(state, i);
}

/** All jobs in the order in which they were registered. */
export function* jobStates(state: RunState): Generator<JobState, void, undefined> {
  for (let i = 0; i < state.jobs.length; i++) {
    const job = view(state, i);
    if (job !== undefined) yield job;
  }
}

function view(state: RunState, i: number): JobState | undefined {
  const job = state.jobs[i];
  if (job === undefined) return undefined;
  const parent = state.jobs[field(state.rows, i, PARENT)]?.name ?? null;
  return { job, parent, own: ownOf(state, i), status: statusOf(state, i) };
}

/** Whether every job has a terminal status. */
export function isDone(state: RunState): boolean {
  return state.open === 0;
}

/** Running until every job is terminal; then Cancelled, Failed (some job ended badly) or Completed. */
export function runStatus(state: RunState): 'Running' | 'Completed' | 'Failed' | 'Cancelled' {
  if (!isDone(state)) return 'Running';
  if (state.cancelled) return 'Cancelled';
  return state.counts[COMPLETED] === state.jobs.length ? 'Completed' : 'Failed';
}

/** Number of jobs in each status. */
export function statusCounts(state: RunState): Readonly<Record<JobStatus, number>> {
  return Object.fromEntries(JOB_STATUSES.map((status, i) => [status, state.counts[i] ?? 0])) as Record<
    JobStatus,
    number
  >;
}
