/** Runs a pipeline in this process: what tests, scripts and `kt run` stand on. */
import {
  type AnyFunction,
  isPipeline,
  type JobStatus,
  type Json,
  type JsonObject,
  KtError,
  type KTJob,
  type KTPipelineInput,
  nameExports,
  omitUndefined,
  type Pipeline,
} from '@kube-transform/sdk';
import { inProcessExecutor } from './executors/in-process-executor.js';
import { systemClock } from './process/system-clock.js';
import { jobStates } from './core/index.js';
import { drive } from './engine/drive.js';
import { endedJob } from './reporting/ended-job.js';
import { isSingle, readResult } from './reporting/job-result.js';
import { imageByVariable } from './engine/container-image.js';
import { newRun } from './engine/create-run.js';
import { openStore } from './open-store.js';
import { localHost } from './local-host.js';
import { runsContainers } from './run-containers.js';
import type { EventSink, FileStore, FunctionCatalog, RunStatus } from './ports/index.js';
import { writeRecord } from './run-store/run-record.js';

/** Options of {@link runPipeline}; all may be left out. */
export interface RunPipelineOptions {
  /** Parameters of the run, before the pipeline's schema. Default none. */
  params?: JsonObject;
  /** A file store, or its URL. Default `file:.`. */
  store?: FileStore | string;
  /** Functions for documents: modules by name (`{ my_module: { fn } }`). A pipeline brings its own. */
  functions?: Record<string, Record<string, unknown>>;
  /** Items in flight at once. Default 16. */
  concurrency?: number;
  /** Id of the run. Default: one that is made of the pipeline's name and the time. */
  runId?: string;
  /** Steps that run, with all that depends on them, whatever was made or kept before. Default none. */
  force?: readonly string[];
  /** Image of container steps that name none. Default: that of KT_CONTAINER_IMAGE, TACLIB_IMAGE or IMAGE. */
  containerImage?: string;
  /** Told what happens. Default: nobody. */
  sink?: EventSink;
  /** Aborted: stop, and leave the run to be resumed. */
  signal?: AbortSignal;
}

/** A run that has ended. */
export interface RunResult {
  /** Id of the run. */
  runId: string;
  /** How it ended. */
  status: RunStatus;
  /** How each step ended, those that were spawned too, by name. */
  statuses: Record<string, JobStatus>;
  /**
   * The result of a step: that of its one call, or the list of a step with many. Rejects with KtError
   * `JOB_FAILED`, which has its cause as `cause`; `NO_RESULT` where it did not run; `UNKNOWN_JOB`.
   */
  result(job: string): Promise<Json>;
}

/**
 * Runs a pipeline, or a document with its functions, in this process until it ends.
 *
 * A failed run is no error: see `status`. Nothing is cached for `cache: true`, but in a store in memory:
 * nobody knows whether the code of the functions is that of an earlier run; a warning says so.
 *
 * @throws KtError for a bad pipeline, bad parameters, or a store that fails; `RUN_EXISTS` for an id that is
 * taken.
 *
 * @example
 * ```ts
 * const double = ktFunction(({ n }: { n: number }) => 2 * n);
 * const doubles = pipeline('doubles').map('double', double, () => each([1, 2, 3], n => ({ n })));
 * const run = await runPipeline(doubles, { store: 'mem:' });
 * run.status; // → 'Completed'
 * await run.result('double'); // → [2, 4, 6]
 * ```
 */
export async function runPipeline(
  pipeline: Pipeline | KTPipelineInput,
  options: RunPipelineOptions = {},
): Promise<RunResult> {
  const clock = systemClock;
  const store =
    typeof options.store === 'object' ? options.store : await openStore(options.store ?? 'file:.');
  const { runId, params = {}, concurrency = 16, sink, force } = options;
  const catalog = localCatalog(pipeline, options.functions);
  const record = await newRun({
    ...{ pipeline, params, clock, force },
    containerImage: () => Promise.resolve(options.containerImage ?? imageByVariable(process.env)),
    ...omitUndefined({ runId }),
  });
  if (!(await writeRecord(store, record))) {
    throw new KtError({
      code: 'RUN_EXISTS',
      path: 'runId',
      message: `There is a run "${record.runId}" in this store already.`,
      hint: 'Leave out the run id, or resume it.',
    });
  }
  if (store.capabilities.url !== null) warnOfCaches(record.pipeline.jobs);
  await using local = localHost({ store, clock, catalog });
  const host = { ...local, runnerOf: runsContainers(store) };
  const never = new AbortController().signal;
  const { status, state } = await drive({
    store,
    clock,
    record,
    executor: inProcessExecutor({ host, concurrency, isHeard: sink !== undefined }),
    sink: sink ?? { publish: () => undefined },
    resumed: false,
    drain: never,
    stop: options.signal ?? never,
    cancel: never,
  });
  return {
    runId: record.runId,
    status,
    statuses: Object.fromEntries([...jobStates(state)].map(({ job, status: how }) => [job.name, how])),
    result: async name =>
      readResult(store, { runId: record.runId, job: name, single: isSingle(endedJob(state, name)) }),
  };
}

/** Says that nothing is cached where that was asked for. */
function warnOfCaches(jobs: readonly KTJob[]): void {
  const names = jobs.filter(({ cache }) => cache).map(({ name }) => `"${name}"`);
  if (names.length === 0) return;
  process.emitWarning(
    `Nothing is cached for ${names.slice(0, 5).join(', ')}: the code of functions has no digest here. kt run and kt submit bundle it, and cache.`,
    { type: 'KubeTransformWarning', code: 'KT_NOT_CACHED' },
  );
}

/** The functions of a pipeline and of modules, by name. */
export function localCatalog(
  pipeline: unknown,
  modules: Record<string, Record<string, unknown>> = {},
): FunctionCatalog {
  const functions = new Map<string, AnyFunction>();
  for (const [module, exports] of Object.entries(modules))
    for (const [name, fn] of nameExports(module, exports)) functions.set(name, fn);
  if (isPipeline(pipeline)) for (const [name, fn] of pipeline.functions()) functions.set(name, fn);
  return {
    digest: '',
    names: () => [...functions.keys()],
    load: name => Promise.resolve(functions.get(name)),
    register: more => {
      for (const [name, fn] of more) functions.set(name, fn);
    },
  };
}
