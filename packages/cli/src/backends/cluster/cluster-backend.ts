/** Runs of a namespace of a cluster. What drives a run is its controller there. */
import { KtError } from '@kube-transform/sdk';
import type { Clock } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';
import { pushedBy } from '@kube-transform/runtime/internal';
import { type ConfigMap, type KubeApi, paths, runName } from '@kube-transform/runtime/kubernetes';
import { inNamespace } from '../../cluster/connect.js';
import type {
  CallLimits,
  Cancelled,
  CancelOptions,
  CollectOptions,
  Debugging,
  DebugOptions,
  Deleted,
  FailedLog,
  ListedRun,
  LogLine,
  LogOptions,
  RetryOptions,
  RunBackend,
  RunRef,
  RunSummary,
  RunWatcher,
  StartedRun,
} from '../backend.js';
import { type ClusterRun, clusterRef, findClusterRun, listClusterRuns, nameOf, runOf } from './find-runs.js';
import { notLocal } from '../refusals.js';
import { never, quiet } from '../unsaid.js';
import { followRun } from './follow-run.js';
import { readInCluster } from './read-run.js';

const CANCEL_WITHIN_MS = 60_000;

/** The runs of a namespace. */
export class ClusterBackend implements RunBackend {
  readonly name: string;
  readonly verb = 'kt submit';
  readonly #api: KubeApi;
  readonly #clock: Clock;

  /** `clock` says when something that is waited for is looked at. */
  constructor(api: KubeApi, { clock = systemClock }: { clock?: Clock } = {}) {
    this.#api = api;
    this.#clock = clock;
    this.name = nameOf(api);
  }

  async list(limits: CallLimits = {}): Promise<ListedRun[]> {
    return (await listClusterRuns(this.#api, limits)).map(run => ({ ...run, where: this.name }));
  }

  async find(typed: string, limits: CallLimits = {}): Promise<RunRef> {
    return clusterRef(this.#api, (await findClusterRun(this.#api, typed, limits)).config);
  }

  async read(run: RunRef): Promise<RunSummary> {
    return readInCluster(this.#api, await this.#get(run));
  }

  async follow({ runId }: RunRef, watcher: RunWatcher): Promise<RunSummary | null> {
    return followRun(this.#api, runId, { ...watcher, clock: this.#clock });
  }

  async *logs(run: RunRef, options: LogOptions = {}): AsyncGenerator<LogLine, void> {
    const { clusterLogs, followClusterLogs } = await import('./logs/read-logs.js');
    const { selector, previous = false, follow = false, note = quiet, signal = never() } = options;
    const of = { api: this.#api, ...(await this.#get(run)) };
    const clock = this.#clock;
    if (!follow) return yield* clusterLogs(of, { selector, previous }, { signal, note, clock });
    yield* pushedBy<LogLine>(signal, (print, stop) =>
      followClusterLogs(of, {
        selector,
        print,
        reading: { signal: stop, note, clock },
        ended: until => this.follow(run, { sink: { publish: quiet }, note, signal: until }),
      }),
    );
  }

  async *failedLogs(run: RunRef, options: LogOptions = {}): AsyncGenerator<FailedLog, void> {
    const { clusterFailedLogs } = await import('./logs/read-logs.js');
    const { selector, previous = false, note = quiet, signal = never() } = options;
    yield* clusterFailedLogs(
      { api: this.#api, ...(await this.#get(run)) },
      { selector, previous },
      { signal, note, clock: this.#clock },
    );
  }

  async cancel(run: RunRef, options: CancelOptions = {}): Promise<Cancelled> {
    const { timeoutMs = CANCEL_WITHIN_MS, progress = quiet, signal = never() } = options;
    const { cancelInCluster } = await import('./cancel-run.js');
    const how = { timeoutMs, progress, signal, clock: this.#clock };
    return cancelInCluster(this.#api, await this.#get(run), how);
  }

  async retry(run: RunRef, options: RetryOptions = {}): Promise<StartedRun> {
    const { retryInCluster } = await import('./retry-run.js');
    return retryInCluster(this.#api, await this.#get(run), options);
  }

  async debug(run: RunRef, options: DebugOptions): Promise<Debugging> {
    if (options.local) throw notLocal(run);
    const { debugInCluster } = await import('./debug/debug-run.js');
    return debugInCluster(this.#api, await this.#get(run), options);
  }

  async collect(options: CollectOptions, limits: CallLimits = {}): Promise<Deleted[]> {
    const { collectInCluster } = await import('./collect-garbage.js');
    return (await collectInCluster(this.#api, options, limits)).map(entry => ({
      ...entry,
      where: this.name,
    }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#api.close();
    return Promise.resolve();
  }

  async #get({ runId }: RunRef): Promise<ClusterRun> {
    const object = await this.#api.get<ConfigMap>(paths.configMaps(this.#api.namespace, runName(runId)));
    const run = object === null ? null : runOf(object);
    if (run !== null) return run;
    const message = `Run "${runId}" is not there any more ${inNamespace(this.#api)}.`;
    throw new KtError({ code: 'RUN_DELETED', path: 'run', message });
  }
}
