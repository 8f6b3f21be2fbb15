/*
 * The state of a run: its jobs in columns, and how jobs join it.
 *
 * - A job is its index in the columns, given at registration and never changed; columns only grow.
 * - Jobs join together or not at all: whoever calls `register` has checked their names and dependencies.
 * - A job that joins finds its tallies as if it had been there from the start: what has settled counts as
 *   settled.
 */
import { hasNothingToRun } from './nothing-to-run.js';
import type { JobStatus, KTJob } from '@kube-transform/sdk';
import type { Own } from './events.js';
import { any, isBad, statusOf } from './status.js';
import type { WaitsOn } from './waits-on.js';

/**
 * Columns, one entry a job in registration order: a run of 100,000 jobs is a dozen arrays. Read it through
 * `read-state.ts`.
 */
export interface RunState extends WaitsOn {
  /** Number of edges in use; the columns are longer than what they hold. */
  edges: number;
  /** 1 once the status is terminal and those that wait on the job have been told. */
  settled: Uint8Array;
  /**
   * 1 where the job has nothing to run. Looked up here once: at `decide` the job is long out of the
   * processor's cache.
   */
  idle: Uint8Array;
  /** The status last announced by a transition. Only for telling changes: the status is `statusOf`. */
  announced: (JobStatus | null)[];
  /** Jobs in the order in which they became ready; `decide` has handed out the first `handedOut` of them. */
  readonly ready: number[];
  handedOut: number;
  readonly counts: Record<JobStatus, number>;
  /** Number of jobs that have not settled. */
  open: number;
  cancelled: boolean;
}

const WAITING: Own = Object.freeze({ state: 'waiting' });
export const SUBMITTED: Own = Object.freeze({ state: 'submitted' });

/** The state before anything happened: all jobs Pending. The jobs have passed `parsePipeline`. */
export function createRunState(jobs: readonly KTJob[]): RunState {
  const none = new Int32Array(0);
  const state: RunState = {
    jobs: [],
    byName: new Map(),
    own: [],
    announced: [],
    settled: new Uint8Array(0),
    idle: new Uint8Array(0),
    ready: [],
    handedOut: 0,
    parent: none,
    firstEdge: none,
    nextEdge: none,
    edgeTo: none,
    edges: 0,
    dataRefs: new Map(),
    readRefs: 0,
    openDependencies: none,
    badDependencies: none,
    openChildren: none,
    badChildren: none,
    open: 0,
    cancelled: false,
    counts: {
      Pending: 0,
      Running: 0,
      AwaitingDescendants: 0,
      Completed: 0,
      Failed: 0,
      DescendantFailed: 0,
      SkippedDueToUpstreamFailure: 0,
    },
  };
  register(state, jobs, -1);
  state.announced.fill('Pending');
  state.counts.Pending = jobs.length;
  return state;
}

/** Whether a job can be submitted or end: it was submitted, or it waits for nothing any more. */
export function isRunnable(state: RunState, job: number): boolean {
  const own = state.own[job];
  return (
    own === SUBMITTED ||
    (own === WAITING && !any(state.openDependencies, job) && !any(state.badDependencies, job))
  );
}

/** Adds jobs whose names are new and whose dependencies are known; returns the index of the first. */
export function register(state: RunState, added: readonly KTJob[], parent: number): number {
  const first = state.jobs.length;
  let edges = 0;
  for (const job of added) {
    state.byName.set(job.name, state.jobs.length);
    state.jobs.push(job);
    state.own.push(WAITING);
    state.announced.push(null);
    edges += job.dependencies.length;
  }
  reserve(state, edges);
  state.parent.fill(parent, first, state.jobs.length);
  state.firstEdge.fill(-1, first, state.jobs.length);
  state.open += added.length;
  // An edge goes in front of the others: from the last job to the first, so that `settle` meets them in
  // registration order.
  for (let i = state.jobs.length - 1; i >= first; i--) {
    const job = state.jobs[i];
    if (job === undefined) continue;
    if (hasNothingToRun(job)) state.idle[i] = 1;
    for (const name of job.dependencies) link(state, i, name);
  }
  for (let job = first; job < state.jobs.length; job++) if (isRunnable(state, job)) state.ready.push(job);
  return first;
}

/** Lengthens the columns for the jobs that are now known and for so many more edges. */
function reserve(state: RunState, edges: number): void {
  const jobs = state.jobs.length;
  if (jobs > state.parent.length) {
    for (const column of [
      'parent',
      'firstEdge',
      'openDependencies',
      'badDependencies',
      'openChildren',
      'badChildren',
    ] as const) {
      state[column] = lengthened(state[column], jobs);
    }
    state.settled = lengthened(state.settled, jobs);
    state.idle = lengthened(state.idle, jobs);
  }
  if (state.edges + edges > state.edgeTo.length) {
    state.nextEdge = lengthened(state.nextEdge, state.edges + edges);
    state.edgeTo = lengthened(state.edgeTo, state.edges + edges);
  }
}

/** A longer copy: at least twice as long, so that n additions copy O(n) entries. */
function lengthened<T extends Int32Array | Uint8Array>(column: T, least: number): T {
  const longer = new (column.constructor as new (length: number) => T)(Math.max(least, 2 * column.length));
  longer.set(column);
  return longer;
}

function link(state: RunState, job: number, name: string): void {
  const dependency = state.byName.get(name);
  if (dependency === undefined)
    throw new TypeError(`Bug: a job depends on "${name}", which is not registered.`);
  const edge = state.edges++;
  state.edgeTo[edge] = job;
  state.nextEdge[edge] = state.firstEdge[dependency] ?? -1;
  state.firstEdge[dependency] = edge;
  if (state.settled[dependency] === 0) add(state.openDependencies, job, 1);
  else if (isBad(statusOf(state, dependency))) add(state.badDependencies, job, 1);
}

/** Adds to one entry of a column. */
export function add(column: Int32Array, i: number, n: number): void {
  column[i] = (column[i] ?? 0) + n;
}
