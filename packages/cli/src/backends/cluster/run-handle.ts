/** Runs in clusters as a library: a run is submitted, and a handle says what becomes of it. */
import {
  isPipeline,
  type JsonObject,
  KtError,
  type KTPipelineInput,
  omitUndefined,
  type Pipeline,
} from '@kube-transform/sdk';
import type { LogLine, RunEvent, RunSummary } from '@kube-transform/runtime';
import { newRun, pushedBy, systemClock } from '@kube-transform/runtime/internal';
import { KubeApi, type KubeConnection } from '@kube-transform/runtime/kubernetes';
import { withContext } from '../../cluster/connect.js';
import { kubeConnection } from '../../cluster/kube-connection.js';
import { settingsOf, contextDefaults } from '../../cluster/run-settings.js';
import { loadFunctions, loadPipeline, type LoadedPipeline } from '../../pipeline/load-pipeline.js';
import type { ClusterOptions } from '../../project/resolve-context.js';
import type { Cancelled, CancelOptions, LogOptions, RunRef } from '../backend.js';
import { statusJson, type StatusJson } from '../status-json.js';
import { never } from '../unsaid.js';
import { ClusterBackend } from './cluster-backend.js';
import { startedRun, submitRun } from './submit-run.js';

/** Where a run is submitted to, and how. */
export interface SubmitOptions extends ClusterOptions {
  /** Values of the pipeline's parameters. */
  params?: JsonObject;
  /** Name of the new run. */
  runId?: string;
  /** Steps that run, with all that depends on them, whatever there is of them. Default none. */
  force?: readonly string[];
  /** Modules with the functions of a document. */
  functions?: readonly string[];
  /** The module that exports a pipeline which is given as a value: values cannot be bundled. */
  module?: string;
}

/** Which lines of a run. */
export type LogsOptions = Pick<LogOptions, 'selector' | 'previous' | 'follow'>;

/** A run in a cluster. Each method connects by itself: there is nothing to close. */
export interface RunHandle {
  readonly runId: string;
  readonly namespace: string;
  /** Where it stands now. */
  status(): Promise<StatusJson>;
  /** What happens, from what has happened so far to the end of the run. */
  events(signal?: AbortSignal): AsyncIterable<RunEvent>;
  /**
   * Waits for the end; its summary says how it ended. Rejects `CONTROLLER_FAILED` where nobody drives the run
   * any more.
   */
  wait(signal?: AbortSignal): Promise<RunSummary>;
  /** Ends the run for good, and waits until its pods are gone. */
  cancel(options?: Pick<CancelOptions, 'timeoutMs' | 'signal'>): Promise<Cancelled>;
  /** What its items printed. */
  logs(options?: LogsOptions): AsyncIterable<LogLine>;
}

/**
 * Submits a pipeline (`path/file.ts`, `path/file.ts#name`, or a value with `module`) or a document to a
 * cluster.
 *
 * @throws KtError with everything that is wrong with it; `NO_MODULE` for a pipeline that cannot be bundled.
 */
export async function submitPipeline(
  pipelineOrDocument: Pipeline | KTPipelineInput | string,
  options: SubmitOptions = {},
): Promise<RunHandle> {
  const loaded = await loadGiven(pipelineOrDocument, options);
  const context = await withContext(options, { last: false });
  const connection = await kubeConnection(context);
  const settings = settingsOf(context, connection.namespace);
  const { params = {}, runId, force } = options;
  const record = await newRun({
    pipeline: loaded.pipeline,
    params,
    clock: systemClock,
    source: loaded.source,
    defaults: contextDefaults(context),
    containerImage: () => Promise.resolve(context.containerImage),
    ...omitUndefined({ runId, force }),
  });
  const started = await connected(connection, async (_, api) =>
    startedRun(api, await submitRun(api, { record, bundle: loaded.bundle, settings })),
  );
  return handleOf(connection, started.run);
}

/** A handle of a run that was submitted before. @throws KtError `UNKNOWN_RUN`, `AMBIGUOUS_RUN`. */
export async function openRun(
  runId: string,
  options: Pick<ClusterOptions, 'context' | 'namespace' | 'kubeconfig'> = {},
): Promise<RunHandle> {
  const connection = await kubeConnection(options);
  return handleOf(connection, await connected(connection, backend => backend.find(runId)));
}

async function loadGiven(
  given: Pipeline | KTPipelineInput | string,
  { functions = [], module }: SubmitOptions,
): Promise<LoadedPipeline> {
  if (typeof given === 'string') return loadPipeline(given, functions);
  if (!isPipeline(given)) return { ...(await loadFunctions(functions)), pipeline: given };
  if (module !== undefined)
    return loadPipeline(module.includes('#') ? module : `${module}#${given.name}`, functions);
  throw new KtError({
    code: 'NO_MODULE',
    path: 'module',
    message: `Pipeline "${given.name}" is a value, and its functions cannot be taken from it into a bundle.`,
    hint: "Say which module exports it: submitPipeline(pipeline, { module: 'pipelines/file.ts' }), or give the path in its place.",
  });
}

async function connected<T>(
  connection: KubeConnection,
  use: (backend: ClusterBackend, api: KubeApi) => Promise<T>,
): Promise<T> {
  const api = new KubeApi(connection, { clock: systemClock });
  await using backend = new ClusterBackend(api);
  return await use(backend, api);
}

function handleOf(connection: KubeConnection, run: RunRef): RunHandle {
  const note = (): void => undefined;
  return {
    runId: run.runId,
    namespace: connection.namespace,
    status: () => connected(connection, async backend => statusJson(await backend.read(run))),
    events: (signal = never()) =>
      pushedBy<RunEvent>(signal, (publish, stop) =>
        connected(connection, async backend => {
          await backend.follow(run, { sink: { publish }, note, signal: stop });
        }),
      ),
    wait: (signal = never()) =>
      connected(connection, async backend => {
        const summary = await backend.follow(run, { sink: { publish: note }, note, signal });
        signal.throwIfAborted();
        if (summary === null) throw new TypeError(`Bug: run "${run.runId}" ended without a summary`);
        return summary;
      }),
    cancel: options => connected(connection, backend => backend.cancel(run, options)),
    logs: (options = {}) =>
      pushedBy<LogLine>(never(), (push, signal) =>
        connected(connection, async backend => {
          for await (const line of backend.logs(run, { ...options, signal })) push(line);
        }),
      ),
  };
}
