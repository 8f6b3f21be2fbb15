/** `testRun`: a pipeline run in-process and in memory, for vitest, jest or node:test. */
import {
  type JobStatus,
  type Json,
  type JsonObject,
  type KtFiles,
  KtError,
  type KTPipelineInput,
  type Pipeline,
} from '@kube-transform/sdk';
import { inProcessExecutor } from '../executors/in-process-executor.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { systemClock } from '../process/system-clock.js';
import { jobState, jobStates, type RunState } from '../core/index.js';
import { drive } from '../engine/drive.js';
import { ktFiles } from '../files/kt-files.js';
import { readResults } from '../run-store/item-results.js';
import { isSingle } from '../reporting/job-result.js';
import { newRun } from '../engine/create-run.js';
import type { FileStore, RunEvent, RunStatus } from '../ports/index.js';
import { type ItemOutcome, readOutcomes } from '../run-store/item-results.js';
import { inProcessHost, localCatalog } from '../run-pipeline.js';
import { writeRecord } from '../run-store/run-record.js';
import { DriverDied, dyingStore } from './dying-driver.js';
import { type Fault, faultFor } from './faults.js';

/** Options of {@link testRun}. */
export interface TestRunOptions {
  params?: JsonObject;
  /** What the store holds, by path. */
  files?: Record<string, string | Uint8Array>;
  /** A store to use instead, for example that of an earlier `testRun`. */
  store?: FileStore;
  /** Functions for documents: modules by name. */
  functions?: Record<string, Record<string, unknown>>;
  faults?: readonly Fault[];
  /** Items in flight at once. Default 8. */
  concurrency?: number;
  /** Wait for real between attempts. Default false: backoff takes no time. */
  realTime?: boolean;
}

/** A test run that has ended. */
export interface TestRun {
  readonly runId: string;
  readonly status: RunStatus;
  readonly statuses: Record<string, JobStatus>;
  readonly events: readonly RunEvent[];
  /** The store's files, as functions see them. */
  readonly files: KtFiles;
  readonly store: FileStore;
  /** The result of a job: that of its one call, or the list of a map. @throws KtError `UNKNOWN_JOB`. */
  result(job: string): Json;
  /** Number of attempts of an item that count; 0 where it was skipped or never begun. */
  attempts(job: string, item?: number): number;
  /** Why a job failed; undefined where it did not. */
  cause(job: string): unknown;
  /** How often the driver died and was started again. */
  readonly restarts: number;
}

/**
 * Runs a pipeline in-process and in memory, without a cluster, mocks or files on disk.
 *
 * A failed run is no error: see `status`. @throws KtError for a bad pipeline or bad parameters.
 */
export async function testRun(
  pipeline: Pipeline | KTPipelineInput,
  options: TestRunOptions = {},
): Promise<TestRun> {
  const clock = systemClock;
  const pause = options.realTime === true ? clock.sleep : () => Promise.resolve();
  const store = options.store ?? memoryFileStore(options.files ?? {});
  const events: RunEvent[] = [];
  const catalog = localCatalog(pipeline, options.functions);
  const record = await newRun({ pipeline, params: options.params ?? {}, clock });
  await writeRecord(store, record);
  const faults = options.faults ?? [];
  const host = { ...inProcessHost({ store, clock, catalog }), fault: faultFor(faults), pause };
  const deaths = faults.flatMap(fault => (fault.kind === 'crashDriver' ? [fault.afterFacts] : []));
  const driverStore = dyingStore(store, record.runId, deaths);
  const never = new AbortController().signal;
  let state: RunState | undefined;
  let status: RunStatus = 'Running';
  let restarts = 0;
  while (state === undefined) {
    const executor = inProcessExecutor({ host, concurrency: options.concurrency ?? 8 });
    try {
      const sink = { publish: (event: RunEvent): void => void events.push(event) };
      ({ state, status } = await drive({
        store: driverStore,
        executor,
        clock,
        sink,
        record,
        resumed: restarts > 0,
        drain: never,
        stop: never,
        cancel: never,
      }));
    } catch (error) {
      if (!(error instanceof DriverDied)) throw error;
      restarts++;
    }
  }
  return describe({ runId: record.runId, store, state, status, events, restarts });
}

async function describe(run: {
  runId: string;
  store: FileStore;
  state: RunState;
  status: RunStatus;
  events: RunEvent[];
  restarts: number;
}): Promise<TestRun> {
  const { runId, store, state } = run;
  const results = new Map<string, Json[]>();
  const outcomes = new Map<string, Map<number, ItemOutcome>>();
  const statuses: Record<string, JobStatus> = {};
  for (const { job, status } of jobStates(state)) {
    statuses[job.name] = status;
    results.set(job.name, await readResults(store, runId, job.name));
    outcomes.set(job.name, await readOutcomes(store, runId, job.name));
  }
  const known = (name: string): void => {
    if (!results.has(name))
      throw new KtError({
        code: 'UNKNOWN_JOB',
        path: name,
        message: `There is no step "${name}" in this run; there are: ${Object.keys(statuses).join(', ')}.`,
      });
  };
  return {
    runId,
    store,
    statuses,
    status: run.status,
    events: run.events,
    restarts: run.restarts,
    files: ktFiles(store),
    result: name => {
      known(name);
      const values = results.get(name) ?? [];
      return isSingle(jobState(state, name)?.job) ? (values[0] ?? null) : values;
    },
    attempts: (name, item = 0) => {
      known(name);
      return outcomes.get(name)?.get(item)?.attempts ?? 0;
    },
    cause: name => {
      known(name);
      const own = jobState(state, name)?.own;
      return own?.state === 'failed' ? own.cause : undefined;
    },
  };
}
