// The core: pure, without IO. See events.ts for its vocabulary and apply.ts for its invariants.
export { decide, unfinished } from './decide.js';
export { isFact } from './events.js';
export type { Action, Fact, Own, Transition } from './events.js';
export { isDone, jobState, jobStates, runStatus, statusCounts } from './read-state.js';
export type { JobState } from './read-state.js';
export { forcedJobs, repeatedJobs } from './repeated-jobs.js';
export { hasNothingToRun } from './nothing-to-run.js';
export { createRunState } from './run-state.js';
export type { RunState } from './run-state.js';
export { apply } from './apply.js';
export { isBad, isTerminal, statusOf } from './status.js';
export type { Tallies } from './status.js';
export { spawnProblems } from './waits-on.js';
export type { WaitsOn } from './waits-on.js';
