/** `testRun`: a pipeline run in-process and in memory, for vitest, jest or node:test. */
import {
  type FailureCause,
  type JobStatus,
  type Json,
  type JsonObject,
  type KtFiles,
  type KTPipelineInput,
  type Nothing,
  type Pipeline,
  type StepName,
  type StepResult,
  type Steps,
} from '@kube-transform/sdk';
import { type FakeContainer, fakeRuntime } from '../containers/fake-runtime.js';
import { inProcessExecutor } from '../executors/in-process-executor.js';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { systemClock } from '../process/system-clock.js';
import { jobState, jobStates, type RunState } from '../core/index.js';
import { drive } from '../engine/drive.js';
import { ktFiles } from '../files/kt-files.js';
import { readResults } from '../run-store/item-results.js';
import { endedJob, unknownJob } from '../reporting/ended-job.js';
import { isSingle } from '../reporting/job-result.js';
import { newRun } from '../engine/create-run.js';
import type { FileStore, RunEvent, RunStatus } from '../ports/index.js';
import { type ItemOutcome, readOutcomes } from '../run-store/item-results.js';
import { localHost } from '../local-host.js';
import { runsContainers } from '../run-containers.js';
import { localCatalog } from '../run-pipeline.js';
import { writeRecord } from '../run-store/run-record.js';
import { DriverDied, dyingStore } from './dying-driver.js';
import { type Fault, faultFor } from './faults.js';

/**
 * Options of `testRun`; all may be left out.
 *
 * @example
 * ```ts
 * const options: TestRunOptions = {
 *   params: { dir: 'data' },
 *   files: { 'data/a.txt': 'one two' },
 *   faults: [{ kind: 'throw', step: 'count' }],
 * };
 * ```
 */
export interface TestRunOptions<Names extends string = string, Params = JsonObject> {
  /** Parameters of the run, before the pipeline's schema. Default none. */
  params?: Params;
  /** What the store holds, by path. Default nothing. */
  files?: Record<string, string | Uint8Array>;
  /**
   * What functions find in other stores, by the URL that they open: files by path, or a store. Default: what
   * is there.
   */
  stores?: Record<string, FileStore | Record<string, string | Uint8Array>>;
  /** A store to use instead, for example that of an earlier `testRun`. */
  store?: FileStore;
  /** Functions for documents: modules by name. */
  functions?: Record<string, Record<string, unknown>>;
  /** Containers as functions, by the names of their steps. Default none: a step that needs one fails. */
  containers?: Readonly<Record<string, FakeContainer>>;
  /** What shall go wrong. Default nothing. */
  faults?: readonly Fault<Names>[];
  /** Items in flight at once. Default 8. */
  concurrency?: number;
  /** Wait for real between attempts. Default false: backoff takes no time. */
  realTime?: boolean;
  /** Steps that run, with all that depends on them, whatever was made or kept before. Default none. */
  force?: readonly Names[];
}

/**
 * A test run that has ended: where its steps stand, and what they made.
 *
 * Its methods know the pipeline's steps, and throw KtError `UNKNOWN_JOB` for a step that the run has not.
 *
 * @example
 * ```ts
 * const failed = (run: TestRun): string[] =>
 *   Object.keys(run.statuses).filter(step => run.statuses[step] === 'Failed');
 * ```
 */
export interface TestRun<S = Steps> {
  /** Id of the run. */
  readonly runId: string;
  /** How it ended. */
  readonly status: RunStatus;
  /** How each step ended, those that were spawned too, by name. */
  readonly statuses: Record<string, JobStatus>;
  /** What was published, in order. */
  readonly events: readonly RunEvent[];
  /** The store's files, as functions see them. */
  readonly files: KtFiles;
  /** The store itself, for another run. */
  readonly store: FileStore;
  /**
   * The result of a step: that of its one call, or the list of a map. Throws KtError `JOB_FAILED`, which has
   * the step's cause as `cause`; `NO_RESULT` where it did not run.
   */
  result<N extends StepName<S>>(step: N): StepResult<S, N>;
  /** Number of attempts of an item that count; 0 where it was skipped or never begun. */
  attempts(step: StepName<S>, item?: number): number;
  /** Why a step failed; undefined where it did not. */
  cause(step: StepName<S>): FailureCause | undefined;
  /** How often the driver died and was started again. */
  readonly restarts: number;
}

/**
 * A test run of a pipeline, for a variable of a test file.
 *
 * @example
 * ```ts
 * const words = pipeline('words').job('count', ktFunction(() => 3));
 * let run: TestRunOf<typeof words>;
 * ```
 */
export type TestRunOf<T> = [T] extends [Pipeline<infer S>] ? TestRun<S> : TestRun;

/** The parameters that a pipeline takes; any, for one that is not known. */
export type ParamsOf<PI> = unknown extends PI
  ? JsonObject
  : [keyof PI] extends [never]
    ? Record<string, never>
    : PI;
/** Options may be left out where the pipeline needs no parameters. */
export type OptionsOf<T> = [T] extends [Pipeline<infer S, unknown, infer PI>]
  ? Nothing extends PI
    ? [options?: TestRunOptions<StepName<S>, ParamsOf<PI>>]
    : [options: TestRunOptions<StepName<S>, ParamsOf<PI>> & { params: PI }]
  : [options?: TestRunOptions];

/**
 * Runs a pipeline in-process and in memory, without a cluster, mocks or files on disk.
 *
 * A failed run is no error: see `status`. Backoff takes no time.
 *
 * @throws KtError for a bad pipeline or bad parameters, and `UNKNOWN_JOB` for a fault of a step that the run
 * does not have.
 *
 * @example
 * ```ts
 * const count = ktFunction({ retries: 1 }, async ({ file }: { file: string }, { files }: KtContext) => {
 *   return (await files.readText(file)).split(' ').length;
 * });
 * const words = pipeline('words').job('count', count, () => ({ file: 'a.txt' }));
 *
 * const run = await testRun(words, {
 *   files: { 'a.txt': 'one two three' },
 *   faults: [{ kind: 'throw', step: 'count' }],
 * });
 * run.status; // → 'Completed'
 * run.result('count'); // → 3
 * run.attempts('count'); // → 2
 * ```
 */
export async function testRun<T extends Pipeline | KTPipelineInput>(
  pipeline: T,
  ...given: OptionsOf<T>
): Promise<TestRunOf<T>> {
  const run = await runAll(pipeline, given[0]);
  return run as TestRunOf<T>;
}

async function runAll(pipeline: Pipeline | KTPipelineInput, options: TestRunOptions = {}): Promise<TestRun> {
  const clock = systemClock;
  const pause = options.realTime === true ? clock.sleep : () => Promise.resolve();
  const store = options.store ?? memoryFileStore(options.files ?? {});
  const events: RunEvent[] = [];
  const catalog = localCatalog(pipeline, options.functions);
  const { params = {}, force } = options;
  const record = await newRun({
    pipeline,
    params,
    clock,
    force,
    containerImage: () => Promise.resolve(NO_IMAGE),
  });
  const faults = options.faults ?? [];
  const { jobs } = record.pipeline;
  // What a dynamic step spawns is known when the run has ended.
  if (!jobs.some(({ type }) => type === 'dynamic')) checkSteps(faults, jobs);
  await writeRecord(store, record);
  const stores = new Map(Object.entries(options.stores ?? {}).map(([url, files]) => [url, storeOf(files)]));
  const runtime = fakeRuntime(options.containers ?? {});
  await using local = localHost({ store, clock, catalog, stores });
  const host = { ...local, runnerOf: runsContainers(store, runtime), fault: faultFor(faults), pause };
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
  checkSteps(
    faults,
    [...jobStates(state)].map(({ job }) => job),
  );
  return await describe({ runId: record.runId, store, state, status, events, restarts });
}

/** Of container steps that name none: functions stand for them. */
const NO_IMAGE = 'none';

const storeOf = (files: FileStore | Record<string, string | Uint8Array>): FileStore =>
  isStore(files) ? files : memoryFileStore(files);
const isStore = (files: object): files is FileStore => Symbol.asyncDispose in files;

/** A fault of a step that there is not would never happen. @throws KtError `UNKNOWN_JOB`. */
function checkSteps(faults: readonly Fault[], jobs: readonly { name: string }[]): void {
  const names = new Set(jobs.map(({ name }) => name));
  for (const fault of faults)
    if (fault.kind !== 'crashDriver' && !names.has(fault.step)) throw unknownJob(fault.step, [...names]);
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
    if (!results.has(name)) throw unknownJob(name, Object.keys(statuses));
  };
  const resultOf = (name: string): Json => {
    const job = endedJob(state, name);
    const values = results.get(name) ?? [];
    return isSingle(job) ? (values[0] ?? null) : values;
  };
  return {
    runId,
    store,
    statuses,
    status: run.status,
    events: run.events,
    restarts: run.restarts,
    files: ktFiles(store),
    result: resultOf as TestRun['result'],
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
