/**
 * Tests of pipelines without a cluster, mocks or files on disk: {@link testRun}.
 *
 * For tests of the engine itself: {@link scriptedExecutor}.
 *
 * @module
 */
export type { FakeContainer, FakeContainerCall, FakeContainerEnd } from '../containers/fake-runtime.js';
export type { Fact } from '../core/index.js';
export type { Executor, ExecutorCapabilities, JobOrder } from '../ports/index.js';
export { memoryFileStore } from '../stores/memory-file-store.js';
export type { Fault } from './faults.js';
export { scriptedExecutor } from './scripted-executor.js';
export type { Script, ScriptedExecutor } from './scripted-executor.js';
export { testRun } from './test-run.js';
export type { OptionsOf, ParamsOf, TestRun, TestRunOf, TestRunOptions } from './test-run.js';
