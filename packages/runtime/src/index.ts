/** Public API: runs a pipeline in this process, opens stores, and reads what a stored run says of itself. */
export { ktFiles } from './files/kt-files.js';
export { openStore } from './open-store.js';
export type {
  ByteRange,
  Clock,
  EventSink,
  FileStore,
  ItemEvent,
  ListEntry,
  ObjectInfo,
  PutOptions,
  RunEvent,
  RunStatus,
  UrlGrant,
} from './ports/index.js';
export type { FailedItem, FailureGroup, Resolve } from './reporting/failure-groups.js';
export { readRun } from './reporting/read-run.js';
export type { Outcomes, ReadOptions } from './reporting/read-run.js';
export { readFailedLogs, readLogs } from './reporting/run-logs.js';
export type { FailedLog, LogFilter, LogLine } from './reporting/run-logs.js';
export type { JobProgress, PodAtWork, RunSummary } from './reporting/run-summary.js';
export { runPipeline } from './run-pipeline.js';
export type { RunPipelineOptions, RunResult } from './run-pipeline.js';
export type { ItemOutcome } from './run-store/item-results.js';
export { readRecord } from './run-store/run-record.js';
export type { RunRecord } from './run-store/run-record.js';
export { localFileStore } from './stores/local/local-file-store.js';
export type { LocalFileStoreOptions } from './stores/local/local-file-store.js';
export { memoryFileStore } from './stores/memory-file-store.js';
