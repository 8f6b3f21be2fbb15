/** What the command line and tests share with the runtime: no public API, it changes without notice. */
export { apply, createRunState, jobStates } from './core/index.js';
export type { Fact } from './core/index.js';
export { EXIT_CODE } from './kubernetes/manifests/exit-codes.js';
export { IMAGE_VARIABLES, imageByVariable, refuseNoImage, withImages } from './engine/container-image.js';
export { forcing } from './engine/forced-steps.js';
export { newRun, retryRun, withDefaults } from './engine/create-run.js';
export type { NewRunOptions } from './engine/create-run.js';
export { drive } from './engine/drive.js';
export type { DriveResult } from './engine/drive.js';
export { bindParams } from './engine/params.js';
export { type Repair, repairRun } from './engine/repair-run.js';
export { storedPipeline } from './engine/stored-pipeline.js';
export { digestOf, sumsOf } from './entry/bundle-digest.js';
export {
  functionsIn,
  INDEX,
  indexText,
  OUTSIDE,
  outsideIn,
  type OutsideContents,
} from './entry/bundle-index.js';
export { hashOf, outsideSums } from './entry/verify-bundle.js';
export { messageOf, threw } from './parse/thrown.js';
export { globObjects, isGlob } from './files/glob.js';
export { badPath, directoryPrefix, filePath, lastName, storePath } from './files/store-path.js';
export { userStore } from './files/user-store.js';
export type { UserStore } from './files/user-store.js';
export { inProcessExecutor } from './executors/in-process-executor.js';
export { placedExecutor } from './executors/placed-executor.js';
export { processPoolExecutor } from './executors/process-pool-executor.js';
export { WorkerProcess } from './executors/worker-process.js';
export type { Executor, FunctionCatalog } from './ports/index.js';
export { isOfRuns } from './ports/run-folders.js';
export { withinLog } from './process/console-capture.js';
export { homeFolder } from './process/home-folder.js';
export { itemAtWork } from './process/item-scope.js';
export { folderTimeMs, isAbandoned, ownName, removeAbandoned } from './process/process-identity.js';
export { systemClock } from './process/system-clock.js';
export { failureOf, itemLabel, toldFailures, whereOf } from './reporting/failure-groups.js';
export { jobsToCall } from './reporting/jobs-to-call.js';
export { readHeadline, readResult } from './reporting/job-result.js';
export { rateOf, RunProgress } from './reporting/progress.js';
export { summaryOfState } from './reporting/read-run.js';
export { formatSummary, parseSummary } from './reporting/reported-summary.js';
export { logLine, LogTail, selectItems, STORED_LINE } from './reporting/run-logs.js';
export type { StoredLine } from './reporting/run-logs.js';
export {
  countJobs,
  isOver,
  isUnreadable,
  jobCount,
  mostTelling,
  newJobProgress,
  newRunSummary,
  unreadableRun,
} from './reporting/run-summary.js';
export { eventsBetween } from './reporting/summary-events.js';
export { type RunHealth, verifyRun } from './reporting/verify-run.js';
export { localHost } from './local-host.js';
export { runsContainers } from './run-containers.js';
export { localCatalog } from './run-pipeline.js';
export { readAllResults, readOutcomes, readResults, RESULT_LINE } from './run-store/item-results.js';
export type { ResultLine } from './run-store/item-results.js';
export { readManifest } from './run-store/job-manifest.js';
export { openJournal } from './run-store/journal.js';
export { isOfRun, logsPrefix, makeRunId, resultsPrefix, runFolder, runsPrefix } from './run-store/layout.js';
export { acquireLease, leaseHolder } from './run-store/lease.js';
export { writeRecord } from './run-store/run-record.js';
export { readLog } from './run-store/read-log.js';
export { readStateFile, stateFileOf, writeStateFile } from './run-store/state-file.js';
export { makeFolder } from './stores/local/make-folder.js';
export { PART_BYTES } from './stores/put-bodies.js';
export { tryStore } from './stores/try-store.js';
export type { StoreTrial } from './ports/store-trial.js';
export { pushedBy } from './streams/async-queue.js';
export { inBatches } from './streams/in-batches.js';
export { cutLinesOf, LineDecoder, linesOf } from './streams/lines.js';
export { Format } from './parse/format.js';
export {
  asJson,
  broken,
  fits,
  type Origin,
  parseAs,
  parseJson,
  parseText,
  tryJson,
} from './parse/parse-json.js';
export * from './parse/shapes.js';
export { VERSION } from './parse/version.js';
export { bundleCatalog, CATALOG, MODULES } from './worker/bundle-catalog.js';
export type { BundleCatalog } from './worker/bundle-catalog.js';
