/*
 * What a fact changes in the state of a run, and what follows from that.
 *
 * - Only `apply` (and `register`, on its behalf) changes what is known of a job. (`decide` moves `handedOut`,
 *   which says nothing of any job.)
 * - A job settles once: `settled` turns true when its status becomes terminal, and the status never changes
 *   after.
 * - A fact about a job that is not runnable (submitted, or waiting with no dependency open or bad) changes
 *   nothing; so facts may be repeated and come late. A submitted job that is submitted again stays as it is.
 * - A spawn joins whole or not at all; the waits-on graph stays acyclic.
 * - Each edge (dependency, parent–child) is visited once, by `settle`, when the job at its near end settles.
 *   No recursion.
 * - The state is a function of the jobs and the facts in their order; there is no clock, no chance, no IO.
 * - A job enters the ready queue once: when it is registered with no open dependency, or when its last one
 *   completes.
 */
import { assertNever, type FailureCause } from '@kube-transform/sdk';
import type { Fact, Transition } from './events.js';
import {
  ANNOUNCED_SHIFT,
  BAD_CHILDREN,
  BAD_DEPENDENCIES,
  FAILED,
  field,
  FIRST_EDGE,
  FLAGS,
  OPEN_CHILDREN,
  OPEN_DEPENDENCIES,
  OWN,
  PARENT,
  ROW,
  SETTLED,
  SUBMITTED,
  SUCCEEDED,
} from './rows.js';
import { isRunnable, register, type RunState } from './run-state.js';
import { endsBadly, isLast, nameOf, statusNumber } from './status.js';
import { spawnProblems } from './waits-on.js';

/**
 * Takes in one fact and returns every status change it caused, once each: the job of the fact first, then as
 * they follow.
 */
export function apply(state: RunState, fact: Fact): Transition[] {
  if (fact.type === 'RunCancelled') return cancel(state, fact.reason);
  const job = indexOf(state, fact);
  if (job < 0 || !isRunnable(state.rows, job)) return [];
  switch (fact.type) {
    case 'JobSubmitted':
      state.rows[job * ROW + OWN] = SUBMITTED;
      return announce(state, [job]);
    case 'JobFailed':
      return fail(state, job, fact.cause);
    case 'JobSucceeded':
      return succeed(state, job, fact);
    default:
      return assertNever(fact);
  }
}

/**
 * The job of a fact. Looked for first where that costs nothing: jobs are submitted in the order in which they
 * became ready, and quick ones end at once.
 */
function indexOf(state: RunState, { type, job: name }: Exclude<Fact, { type: 'RunCancelled' }>): number {
  const isSubmitted = type === 'JobSubmitted';
  const likely = isSubmitted ? state.ready[state.nextReady] : state.lastJob;
  const isIt = likely !== undefined && state.jobs[likely]?.name === name;
  if (isIt && isSubmitted) state.nextReady++;
  const job = isIt ? likely : (state.byName.get(name) ?? -1);
  if (isSubmitted) state.lastJob = job;
  return job;
}

function succeed(state: RunState, job: number, fact: Fact & { type: 'JobSucceeded' }): Transition[] {
  const { spawned = [], failedItems = 0 } = fact;
  const problems = spawned.length === 0 ? [] : spawnProblems(state, job, spawned);
  if (problems.length > 0) {
    const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`;
    const message = `What step "${fact.job}" spawned cannot join the run. ${problems[0]?.message ?? ''}${more}`;
    return fail(state, job, { kind: 'InvalidSpawn', message, problems });
  }
  state.rows[job * ROW + OWN] = SUCCEEDED;
  state.rows[job * ROW + OPEN_CHILDREN] = spawned.length;
  if (failedItems > 0) state.failedItems.set(job, failedItems);
  const changed = [job];
  if (spawned.length > 0)
    for (let child = register(state, spawned, job); child < state.jobs.length; child++) changed.push(child);
  return settle(state, changed);
}

function fail(state: RunState, job: number, cause: FailureCause): Transition[] {
  setFailed(state, job, cause);
  return settle(state, [job]);
}

function setFailed({ rows, causes }: RunState, job: number, cause: FailureCause): void {
  rows[job * ROW + OWN] = FAILED;
  causes.set(job, cause);
}

function cancel(state: RunState, reason: string): Transition[] {
  if (state.open === 0) return [];
  state.cancelled = true;
  const cause: FailureCause = { kind: 'Cancelled', message: reason };
  const { rows } = state;
  const stopped = [...state.jobs.keys()].filter(
    job => (field(rows, job, FLAGS) & SETTLED) === 0 && field(rows, job, OWN) !== SUCCEEDED,
  );
  for (const job of stopped) setFailed(state, job, cause);
  return settle(state, stopped);
}

/**
 * Carries the end of each changed job to those that wait on it. `changed` is the worklist and grows on the
 * way.
 */
function settle(state: RunState, changed: number[]): Transition[] {
  const { rows, edges } = state;
  for (const job of changed) {
    const status = statusNumber(rows, job);
    const flags = field(rows, job, FLAGS);
    if ((flags & SETTLED) !== 0 || !isLast(status)) continue;
    rows[job * ROW + FLAGS] = flags | SETTLED;
    state.open--;
    const bad = endsBadly(status);
    for (let e = field(rows, job, FIRST_EDGE); e >= 0; e = edges[2 * e + 1] ?? -1) {
      const dependent = edges[2 * e] ?? -1;
      rows[dependent * ROW + OPEN_DEPENDENCIES] = field(rows, dependent, OPEN_DEPENDENCIES) - 1;
      if (bad) {
        rows[dependent * ROW + BAD_DEPENDENCIES] = field(rows, dependent, BAD_DEPENDENCIES) + 1;
        changed.push(dependent);
      } else if (isRunnable(rows, dependent)) state.ready.push(dependent);
    }
    const parent = field(rows, job, PARENT);
    if (parent < 0) continue;
    rows[parent * ROW + OPEN_CHILDREN] = field(rows, parent, OPEN_CHILDREN) - 1;
    if (bad) rows[parent * ROW + BAD_CHILDREN] = field(rows, parent, BAD_CHILDREN) + 1;
    if (bad || field(rows, parent, OPEN_CHILDREN) === 0) changed.push(parent);
  }
  return announce(state, changed);
}

/** What changed since the last announcement, in the order of `changed`. */
function announce(state: RunState, changed: readonly number[]): Transition[] {
  const [only] = changed;
  if (changed.length > 1 || only === undefined) return changed.flatMap(job => announceOne(state, job) ?? []);
  // Nearly every fact changes one job; worth its own way.
  const transition = announceOne(state, only);
  return transition === undefined ? [] : [transition];
}

function announceOne({ rows, counts, jobs }: RunState, job: number): Transition | undefined {
  const to = statusNumber(rows, job);
  const flags = field(rows, job, FLAGS);
  const from = (flags >> ANNOUNCED_SHIFT) - 1;
  if (from === to) return undefined;
  rows[job * ROW + FLAGS] = (flags & ((1 << ANNOUNCED_SHIFT) - 1)) | ((to + 1) << ANNOUNCED_SHIFT);
  counts[to] = (counts[to] ?? 0) + 1;
  if (from >= 0) counts[from] = (counts[from] ?? 0) - 1;
  return { job: jobs[job]?.name ?? '', from: from < 0 ? null : nameOf(from), to: nameOf(to) };
}
