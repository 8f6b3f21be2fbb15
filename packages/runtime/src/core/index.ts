// The core: pure, without IO. See events.ts for its vocabulary and run-state.ts for its invariants.
export { decide, unfinished } from './decide.js';
export type { Action, Fact, Own, Transition } from './events.js';
export { isDone, jobState, jobStates, runStatus, statusCounts } from './read-state.js';
export type { JobState } from './read-state.js';
export { createRunState, hasNothingToRun } from './register.js';
export type { RunState } from './register.js';
export { apply } from './run-state.js';
export { isBad, isTerminal, statusOf } from './status.js';
export type { Tallies } from './status.js';
export { spawnProblems } from './waits-on.js';
export type { WaitsOn } from './waits-on.js';
