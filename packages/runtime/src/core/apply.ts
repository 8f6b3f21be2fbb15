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
import type { Fact, Own, Transition } from './events.js';
import { add, isRunnable, register, SUBMITTED, type RunState } from './run-state.js';
import { any, isBad, isTerminal, statusOf } from './status.js';
import { spawnProblems } from './waits-on.js';

const SUCCEEDED: Own = Object.freeze({ state: 'succeeded', failedItems: 0 });

/**
 * Takes in one fact and returns every status change it caused, once each: the job of the fact first, then as
 * they follow.
 */
export function apply(state: RunState, fact: Fact): Transition[] {
  if (fact.type === 'RunCancelled') return cancel(state, fact.reason);
  const job = state.byName.get(fact.job);
  if (job === undefined || !isRunnable(state, job)) return [];
  switch (fact.type) {
    case 'JobSubmitted':
      state.own[job] = SUBMITTED;
      return announce(state, [job]);
    case 'JobFailed':
      return fail(state, job, fact.cause);
    case 'JobSucceeded':
      return succeed(state, job, fact);
    default:
      return assertNever(fact);
  }
}

function succeed(state: RunState, job: number, fact: Fact & { type: 'JobSucceeded' }): Transition[] {
  const { spawned = [], failedItems = 0 } = fact;
  const problems = spawned.length === 0 ? [] : spawnProblems(state, job, spawned);
  if (problems.length > 0) {
    const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`;
    const message = `What step "${fact.job}" spawned cannot join the run. ${problems[0]?.message ?? ''}${more}`;
    return fail(state, job, { kind: 'InvalidSpawn', message, problems });
  }
  state.own[job] = failedItems === 0 ? SUCCEEDED : { state: 'succeeded', failedItems };
  state.openChildren[job] = spawned.length;
  const changed = [job];
  if (spawned.length > 0)
    for (let child = register(state, spawned, job); child < state.jobs.length; child++) changed.push(child);
  return settle(state, changed);
}

function fail(state: RunState, job: number, cause: FailureCause): Transition[] {
  state.own[job] = { state: 'failed', cause };
  return settle(state, [job]);
}

function cancel(state: RunState, reason: string): Transition[] {
  if (state.open === 0) return [];
  state.cancelled = true;
  const own: Own = { state: 'failed', cause: { kind: 'Cancelled', message: reason } };
  const stopped = [...state.jobs.keys()].filter(
    job => state.settled[job] === 0 && state.own[job]?.state !== 'succeeded',
  );
  for (const job of stopped) state.own[job] = own;
  return settle(state, stopped);
}

/**
 * Carries the end of each changed job to those that wait on it. `changed` is the worklist and grows on the
 * way.
 */
function settle(state: RunState, changed: number[]): Transition[] {
  for (const job of changed) {
    const status = statusOf(state, job);
    if (state.settled[job] === 1 || !isTerminal(status)) continue;
    state.settled[job] = 1;
    state.open--;
    const bad = isBad(status);
    for (let e = state.firstEdge[job] ?? -1; e >= 0; e = state.nextEdge[e] ?? -1) {
      const dependent = state.edgeTo[e] ?? -1;
      add(state.openDependencies, dependent, -1);
      if (bad) {
        add(state.badDependencies, dependent, 1);
        changed.push(dependent);
      } else if (isRunnable(state, dependent)) state.ready.push(dependent);
    }
    const parent = state.parent[job] ?? -1;
    if (parent < 0) continue;
    add(state.openChildren, parent, -1);
    if (bad) add(state.badChildren, parent, 1);
    if (bad || !any(state.openChildren, parent)) changed.push(parent);
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

function announceOne(state: RunState, job: number): Transition | undefined {
  const to = statusOf(state, job);
  const from = state.announced[job] ?? null;
  if (from === to) return undefined;
  state.announced[job] = to;
  state.counts[to]++;
  if (from !== null) state.counts[from]--;
  return { job: state.jobs[job]?.name ?? '', from, to };
}
