// Public API of @kube-transform/runtime/testing.
export { memoryFileStore } from '../adapters/memory-file-store.js';
export type { Fault } from './faults.js';
export { testRun } from './test-run.js';
export type { TestRun, TestRunOptions } from './test-run.js';
