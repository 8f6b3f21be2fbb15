/*
 * The state of a run: its jobs in rows of numbers, and how jobs join it.
 *
 * - A job is its index, given at registration and never changed; rows and edges only become more.
 * - Jobs join together or not at all: whoever calls `register` has checked their names and dependencies.
 * - A job that joins finds its tallies as if it had been there from the start: what has settled counts as
 *   settled.
 */
import { hasNothingToRun } from './nothing-to-run.js';
import { JOB_STATUSES, type KTJob } from '@kube-transform/sdk';
import {
  ANNOUNCED_SHIFT,
  BAD_DEPENDENCIES,
  field,
  FIRST_EDGE,
  FLAGS,
  IDLE,
  lengthened,
  OPEN_DEPENDENCIES,
  OWN,
  PARENT,
  ROW,
  SETTLED,
  SUBMITTED,
  WAITING,
} from './rows.js';
import { endsBadly, PENDING, statusNumber } from './status.js';
import type { WaitsOn } from './waits-on.js';

/** Jobs in registration order, and what is known of them. Read it through `read-state.ts`. */
export interface RunState extends WaitsOn {
  /** Number of edges; there is room for more. */
  edgeCount: number;
  /** The job that was submitted last, or -1; and which of those that are ready should be the next. */
  lastJob: number;
  nextReady: number;
  /** Jobs in the order in which they became ready; `decide` has handed out the first `handedOut` of them. */
  readonly ready: number[];
  handedOut: number;
  /** Number of jobs in each status, as last announced. */
  readonly counts: Int32Array;
  /** Number of jobs that have not settled. */
  open: number;
  cancelled: boolean;
}

/** The state before anything happened: all jobs Pending. The jobs have passed `parsePipeline`. */
export function createRunState(jobs: readonly KTJob[]): RunState {
  const none = new Int32Array(0);
  const state: RunState = {
    jobs: [],
    byName: new Map(),
    rows: none,
    causes: new Map(),
    failedItems: new Map(),
    edges: none,
    edgeCount: 0,
    lastJob: 0,
    nextReady: 0,
    dataRefs: new Map(),
    readRefs: 0,
    ready: [],
    handedOut: 0,
    counts: new Int32Array(JOB_STATUSES.length),
    open: 0,
    cancelled: false,
  };
  register(state, jobs, -1);
  for (let i = 0; i < jobs.length; i++)
    state.rows[i * ROW + FLAGS] = field(state.rows, i, FLAGS) | ((PENDING + 1) << ANNOUNCED_SHIFT);
  state.counts[PENDING] = jobs.length;
  return state;
}

/** Whether a job can be submitted or end: it was submitted, or it waits for nothing any more. */
export function isRunnable(rows: Int32Array, job: number): boolean {
  const own = rows[job * ROW + OWN];
  return (
    own === SUBMITTED ||
    (own === WAITING && field(rows, job, OPEN_DEPENDENCIES) === 0 && field(rows, job, BAD_DEPENDENCIES) === 0)
  );
}

/** Adds jobs whose names are new and whose dependencies are known; returns the index of the first. */
export function register(state: RunState, added: readonly KTJob[], parent: number): number {
  const first = state.jobs.length;
  const end = first + added.length;
  let edges = state.edgeCount;
  if (end * ROW > state.rows.length) state.rows = lengthened(state.rows, end * ROW);
  const { rows } = state;
  for (const job of added) {
    const at = state.jobs.length * ROW;
    state.byName.set(job.name, state.jobs.length);
    state.jobs.push(job);
    rows[at + PARENT] = parent;
    rows[at + FIRST_EDGE] = -1;
    // Looked up here once: at `decide` the job is long out of the processor's cache.
    if (hasNothingToRun(job)) rows[at + FLAGS] = IDLE;
    edges += job.dependencies.length;
  }
  if (2 * edges > state.edges.length) state.edges = lengthened(state.edges, 2 * edges);
  state.open += added.length;
  // An edge goes in front of the others: from the last job to the first, so that `settle` meets them in
  // registration order.
  for (let i = end - 1; i >= first; i--)
    for (const name of state.jobs[i]?.dependencies ?? []) link(state, i, name);
  for (let job = first; job < end; job++) if (isRunnable(rows, job)) state.ready.push(job);
  return first;
}

function link(state: RunState, job: number, name: string): void {
  const { rows, edges } = state;
  const dependency = state.byName.get(name);
  if (dependency === undefined)
    throw new TypeError(`Bug: a job depends on "${name}", which is not registered.`);
  const edge = state.edgeCount++;
  const before = dependency * ROW;
  edges[2 * edge] = job;
  edges[2 * edge + 1] = rows[before + FIRST_EDGE] ?? -1;
  rows[before + FIRST_EDGE] = edge;
  const isSettled = (field(rows, dependency, FLAGS) & SETTLED) !== 0;
  if (!isSettled) rows[job * ROW + OPEN_DEPENDENCIES] = field(rows, job, OPEN_DEPENDENCIES) + 1;
  else if (endsBadly(statusNumber(rows, dependency)))
    rows[job * ROW + BAD_DEPENDENCIES] = field(rows, job, BAD_DEPENDENCIES) + 1;
}
