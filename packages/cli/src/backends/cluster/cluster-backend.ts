/** Runs in clusters as a library: a run is submitted, and a handle says what becomes of it. */
import {
  isPipeline,
  type JsonObject,
  KtError,
  type KTPipelineInput,
  type Pipeline,
} from '@kube-transform/sdk';
import { type LogLine, newRun, type RunEvent, type RunSummary, systemClock } from '@kube-transform/runtime';
import {
  type ConfigMap,
  KubeApi,
  type KubeConnection,
  paths,
  runName,
} from '@kube-transform/runtime/kubernetes';
import { kubeConnection } from '../../cluster/kube-connection.js';
import { functionsTarget, loadTarget, type Target } from '../../pipeline/load-pipeline.js';
import { type Cancelled, cancelRun } from './cancel-run.js';
import { clusterLogs, followClusterLogs } from './logs/read-logs.js';
import { type ClusterRun, findClusterRun, runOf } from './find-runs.js';
import { viewClusterRun } from './run-view.js';
import { statusJson, type StatusJson } from '../status-json.js';
import { eventQueue } from './logs/event-queue.js';
import { followRun } from './follow-run.js';
import { inNamespace, withContext } from '../../cluster/connect.js';
import { settingsOf, stepDefaults } from '../../cluster/run-settings.js';
import type { ClusterOptions } from '../../project/resolve-context.js';
import { submitRun } from './submit-run.js';

/** Where a run is submitted to, and how. */
export interface SubmitOptions extends ClusterOptions {
  /** Values of the pipeline's parameters. */
  params?: JsonObject;
  /** Name of the new run. */
  runId?: string;
  /** Modules with the functions of a document. */
  functions?: readonly string[];
  /** The module that exports a pipeline which is given as a value: values cannot be bundled. */
  module?: string;
}

/** Which lines of a run. */
export interface LogsOptions {
  /** `STEP` or `STEP/INDEX`. Default: all. */
  selector?: string;
  /** Go on until the run has ended. Default false. */
  follow?: boolean;
  /** Only what the attempts before the latest printed. Default false. */
  previous?: boolean;
}

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
  cancel(options?: { timeoutMs?: number; signal?: AbortSignal }): Promise<Cancelled>;
  /** What its items printed. */
  logs(options?: LogsOptions): AsyncIterable<LogLine>;
}

const CANCEL_WITHIN_MS = 60_000;

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
  const target = await targetFor(pipelineOrDocument, options);
  const context = await withContext(options, { last: false });
  const connection = await connect(context);
  const settings = settingsOf(context, connection.namespace);
  const { params = {}, runId } = options;
  const made = {
    pipeline: target.pipeline,
    params,
    clock: systemClock,
    source: target.source,
    defaults: stepDefaults(context),
  };
  const record = await newRun(runId === undefined ? made : { ...made, runId });
  await connected(connection, api => submitRun(api, { record, bundle: target.bundle, settings }));
  return handleOf(connection, record.runId);
}

/** A handle of a run that was submitted before. @throws KtError `UNKNOWN_RUN`, `AMBIGUOUS_RUN`. */
export async function openRun(
  runId: string,
  options: Pick<ClusterOptions, 'context' | 'namespace' | 'kubeconfig'> = {},
): Promise<RunHandle> {
  const connection = await connect(options);
  const run = await connected(connection, api => findClusterRun(api, runId));
  return handleOf(connection, run.runId);
}

async function targetFor(
  given: Pipeline | KTPipelineInput | string,
  { functions = [], module }: SubmitOptions,
): Promise<Target> {
  if (typeof given === 'string') return loadTarget(given, functions);
  if (!isPipeline(given)) {
    const none: Target = await emptyTarget(functions);
    return { ...none, pipeline: given };
  }
  if (module !== undefined)
    return loadTarget(module.includes('#') ? module : `${module}#${given.name}`, functions);
  throw new KtError({
    code: 'NO_MODULE',
    path: 'module',
    message: `Pipeline "${given.name}" is a value, and its functions cannot be taken from it into a bundle.`,
    hint: "Say which module exports it: submitPipeline(pipeline, { module: 'pipelines/file.ts' }), or give the path in its place.",
  });
}

/** The functions of a document. */
async function emptyTarget(functions: readonly string[]): Promise<Target> {
  if (functions.length > 0) return functionsTarget(functions);
  const catalog: Target['catalog'] = {
    digest: '',
    names: () => [],
    register: () => undefined,
    load: () => Promise.resolve(undefined),
  };
  return {
    pipeline: { name: '' },
    modules: {},
    bundle: null,
    catalog,
    source: { pipeline: null, functions: [], digest: '' },
  };
}

function connect({
  context,
  namespace,
  kubeconfig,
}: Pick<ClusterOptions, 'context' | 'namespace' | 'kubeconfig'>): Promise<KubeConnection> {
  return kubeConnection({
    ...(context === undefined ? {} : { context }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(kubeconfig === undefined ? {} : { kubeconfig }),
  });
}

async function connected<T>(connection: KubeConnection, use: (api: KubeApi) => Promise<T>): Promise<T> {
  const api = new KubeApi(connection, { clock: systemClock });
  try {
    return await use(api);
  } finally {
    api.close();
  }
}

function handleOf(connection: KubeConnection, runId: string): RunHandle {
  const withRun = <T>(use: (api: KubeApi, run: ClusterRun) => Promise<T>): Promise<T> =>
    connected(connection, async api => use(api, await read(api, runId)));
  const never = new AbortController().signal;
  const quiet = (): void => undefined;
  return {
    runId,
    namespace: connection.namespace,
    status: () => withRun(async (api, run) => statusJson(await viewClusterRun(api, run))),
    events: (signal = never) =>
      eventQueue<RunEvent>(signal, (push, stop) =>
        connected(
          connection,
          async api =>
            void (await followRun(api, runId, { sink: { publish: push }, note: quiet, signal: stop })),
        ),
      ),
    wait: (signal = never) =>
      connected(connection, async api => {
        const summary = await followRun(api, runId, { sink: { publish: quiet }, note: quiet, signal });
        signal.throwIfAborted();
        if (summary === null) throw new TypeError(`Bug: run "${runId}" ended without a summary`);
        return summary;
      }),
    cancel: ({ timeoutMs = CANCEL_WITHIN_MS, signal = never } = {}) =>
      withRun((api, run) => cancelRun(api, run, { timeoutMs, progress: quiet, signal })),
    logs: ({ selector, follow = false, previous = false } = {}) =>
      eventQueue<LogLine>(never, (push, stop) =>
        withRun(async (api, run) => {
          const reading = { signal: stop, note: quiet };
          if (follow) await followClusterLogs({ api, run }, { selector, reading, print: push });
          else
            for await (const line of clusterLogs({ api, run }, { selector, previous }, reading)) push(line);
        }),
      ),
  };
}

async function read(api: KubeApi, runId: string): Promise<ClusterRun> {
  const object = await api.get<ConfigMap>(paths.configMaps(api.namespace, runName(runId)));
  const run = object === null ? null : runOf(object);
  if (run !== null) return run;
  throw new KtError({
    code: 'RUN_DELETED',
    path: 'run',
    message: `Run "${runId}" is not there any more ${inNamespace(api)}.`,
  });
}
