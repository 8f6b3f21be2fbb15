/**
 * Public API: the runs of a store, of a cluster or of a job server for programs – what `kt runs`, `status`,
 * `logs`, `cancel`, `retry` and `gc` stand on.
 *
 * ```ts
 * import { openBackend } from '@kube-transform/cli/client';
 *
 * // Or { store: 'file:data' }, or {}: the store here, and the cluster of the last submit.
 * await using backend = await openBackend({ context: 'prod', namespace: 'batch' });
 * const run = await backend.find('latest');
 * const { status, counts } = await backend.read(run);
 * console.log(run.runId, status, counts);
 * if (status === 'Failed')
 *   for await (const { job, item, cause } of backend.failedLogs(run)) console.log(job, item, cause.message);
 * ```
 */
export type {
  CallLimits,
  Cancelled,
  CancelOptions,
  CollectOptions,
  Deleted,
  DriveOptions,
  ListedRun,
  LogOptions,
  RetryOptions,
  RunBackend,
  RunDriver,
  RunRef,
  RunVerb,
  RunWatcher,
  StartedRun,
  Submitted,
} from './backends/backend.js';
export { HERE } from './backends/backend.js';
export type { FallbackOptions } from './backends/fallback-backend.js';
export { statusJson } from './backends/status-json.js';
export type { StatusJson } from './backends/status-json.js';
export { openBackend } from './open-backend.js';
export type { WhereOptions } from './open-backend.js';
export type {
  Clock,
  EventSink,
  FailedItem,
  FailedLog,
  FailureGroup,
  ItemEvent,
  JobProgress,
  LogLine,
  RunEvent,
  RunStatus,
  RunSummary,
} from '@kube-transform/runtime';
