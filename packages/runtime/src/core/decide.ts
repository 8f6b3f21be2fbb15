/** What is to be done next: the actions that follow from the state of a run. */
import type { Action } from './events.js';
import { isDone } from './read-state.js';
import { field, FLAGS, IDLE, OWN, ROW, SUBMITTED, WAITING } from './rows.js';
import type { RunState } from './run-state.js';

/**
 * What to do next: each job that became ready since the last call, once, in the order in which they did;
 * `finish` when done.
 *
 * Costs O(jobs that became ready). A job handed out is not handed out again by this state; a state folded
 * anew from the journal hands out all that is ready and not submitted, and {@link unfinished} names what was
 * submitted and may need it again.
 */
export function decide(state: RunState): Action[] {
  const actions: Action[] = [];
  while (state.handedOut < state.ready.length) {
    const i = state.ready[state.handedOut++] ?? -1;
    const job = state.jobs[i];
    if (job === undefined || state.rows[i * ROW + OWN] !== WAITING) continue;
    const isIdle = (field(state.rows, i, FLAGS) & IDLE) !== 0;
    actions.push(isIdle ? { type: 'complete', job: job.name } : { type: 'submit', job });
  }
  if (isDone(state)) actions.push({ type: 'finish' });
  return actions;
}

/**
 * Names of the jobs that were submitted and have not ended, in registration order: after a restart they are
 * submitted again.
 */
export function unfinished(state: RunState): string[] {
  return state.jobs.filter((_, i) => field(state.rows, i, OWN) === SUBMITTED).map(job => job.name);
}
