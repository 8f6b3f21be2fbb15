// Public API of @kube-transform/runtime: running pipelines, and the adapters by name.
export { withinLog } from './process/console-capture.js';
export { inProcessExecutor } from './executors/in-process-executor.js';
export type { InProcessOptions } from './executors/in-process-executor.js';
export { makeFolder } from './stores/local/make-folder.js';
export { localFileStore } from './stores/local/local-file-store.js';
export type { LocalFileStoreOptions } from './stores/local/local-file-store.js';
export { memoryFileStore } from './stores/memory-file-store.js';
export { processPoolExecutor } from './executors/process-pool-executor.js';
export type { ProcessPoolOptions } from './executors/process-pool-executor.js';
export { systemClock } from './process/system-clock.js';
export { acquireLease, leaseHolder } from './run-store/lease.js';
export type { Lease } from './run-store/lease.js';
export { apply, createRunState, isTerminal, jobStates, runStatus } from './core/index.js';
export type { Fact, JobState, Own, RunState, Transition } from './core/index.js';
export { drive } from './engine/drive.js';
export type { DriveOptions, DriveResult } from './engine/drive.js';
export { bundleCatalog } from './worker/bundle-catalog.js';
export type { BundleCatalog } from './worker/bundle-catalog.js';
export { FailureGroups, groupFailures, itemLabel, whereOf } from './reporting/failure-groups.js';
export type { FailedItem, FailureGroup, Resolve } from './reporting/failure-groups.js';
export { ktFiles } from './files/kt-files.js';
export { inBatches } from './streams/in-batches.js';
export { journalPrefix, logsPrefix, resultsPrefix, runFolder, runsPrefix } from './run-store/layout.js';
export { readManifest } from './run-store/job-manifest.js';
export type { JobManifest } from './run-store/job-manifest.js';
export { isSingle, readHeadline, readResult } from './reporting/job-result.js';
export { newRun, retryRun, withDefaults } from './engine/create-run.js';
export { makeRunId } from './run-store/run-id.js';
export type { NewRunOptions } from './engine/create-run.js';
export { openStore } from './open-store.js';
export { bindParams } from './engine/params.js';
export type * from './ports/index.js';
export { rateOf, RunProgress } from './reporting/progress.js';
export { readOutcomes, readResults, RESULT_LINE } from './run-store/item-results.js';
export type { ItemOutcome, ResultLine } from './run-store/item-results.js';
export { inProcessHost, localCatalog, runPipeline } from './run-pipeline.js';
export type { RunPipelineOptions, RunResult } from './run-pipeline.js';
export {
  logLine,
  LogTail,
  readFailedLogs,
  readLogs,
  selectItems,
  STORED_LINE,
} from './reporting/run-logs.js';
export type { FailedLog, LogFilter, LogLine, StoredLine } from './reporting/run-logs.js';
export { readRun, summaryOfState } from './reporting/read-run.js';
export type { Outcomes, ReadOptions } from './reporting/read-run.js';
export {
  countJobs,
  isOver,
  isUnreadable,
  jobCount,
  newJobProgress,
  newRunSummary,
  unreadableRun,
} from './reporting/run-summary.js';
export { formatSummary, parseSummary } from './reporting/reported-summary.js';
export type { JobProgress, NewSummary, ReportedSummary, RunSummary } from './reporting/run-summary.js';
export { eventsBetween } from './reporting/summary-events.js';
export { readRecord, writeRecord } from './run-store/run-record.js';
export type { RunRecord } from './run-store/run-record.js';
export { readStateFile, stateFileOf, writeStateFile } from './run-store/state-file.js';
export type { RunStateFile } from './run-store/state-file.js';
export { isRunnable, storedPipeline } from './engine/stored-pipeline.js';
export type { Runnable } from './engine/stored-pipeline.js';
export { openJournal, readJournal } from './run-store/journal.js';
export { readLog, SegmentLog } from './run-store/segment-log.js';
export type { Existing } from './run-store/segment-log.js';
export type { Shape } from './parse/shapes.js';
