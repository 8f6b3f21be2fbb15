/** Runs of a namespace as the job server serves them: with the code that is in the cluster. */
import { type KTSchedule, omitUndefined } from '@kube-transform/sdk';
import type { RunRecord, RunSummary } from '@kube-transform/runtime';
import {
  type ConfigMap,
  type DeployedVersion,
  keyIn,
  KubeApi,
  type KubeConnection,
  LABEL,
  paths,
  type RunConfig,
  runName,
} from '@kube-transform/runtime/kubernetes';
import { systemClock } from '@kube-transform/runtime/internal';
import type {
  ServedPipeline,
  ServedRun,
  ServedRuns,
  ServedVersion,
  StartedServedRun,
  StartRequest,
} from '@kube-transform/server';
import type { RunWatcher } from '../backends/backend.js';
import { ClusterBackend } from '../backends/cluster/cluster-backend.js';
import { boundTo } from '../backends/cluster/deployed-params.js';
import { clusterRef, runOf } from '../backends/cluster/find-runs.js';
import { publishRun } from '../backends/cluster/publish-run.js';
import { retryInCluster } from '../backends/cluster/retry-run.js';
import { configured, runOfVersion } from '../backends/cluster/submit-deployed.js';
import { DEPLOYMENT, DEPLOYMENT_FORMAT, schedulesOf } from '../deploy/deploy-objects.js';
import { findDeployment, readKept } from '../deploy/deployments.js';
import { notDeployed } from '../deploy/rollback.js';
import { beginOnce, keyed } from './keyed-runs.js';
import { SharedRuns } from './shared-runs.js';

const DEPLOYMENTS = `${LABEL.component}=deployment,${LABEL.managedBy}=kt`;

/** The runs of a namespace, and what is deployed there. */
export class ServedCluster extends ClusterBackend implements ServedRuns {
  readonly #api: KubeApi;
  readonly #followed: SharedRuns;

  constructor(api: KubeApi) {
    super(api);
    this.#api = api;
    this.#followed = new SharedRuns(api, systemClock);
  }

  override follow({ runId }: ServedRun, watcher: RunWatcher): Promise<RunSummary | null> {
    return this.#followed.follow(runId, watcher);
  }

  async pipelines(): Promise<ServedPipeline[]> {
    const { items } = await this.#api.list<ConfigMap>(paths.configMaps(this.#api.namespace), {
      labelSelector: DEPLOYMENTS,
    });
    const found = items.flatMap(object => {
      const text = object.data?.[DEPLOYMENT];
      if (text === undefined) return [];
      const { pipeline: name, version } = DEPLOYMENT_FORMAT.parse(text, keyIn(object, DEPLOYMENT));
      return [{ name, version }];
    });
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async pipeline(name: string, version?: string): Promise<ServedVersion> {
    const deployed = await this.#deployed(name, version);
    const { params, defaults } = deployed;
    const schedules = schedulesOf(deployed).map(({ cron, timeZone, suspend }: KTSchedule) => ({
      cron,
      timeZone,
      suspend,
    }));
    return { name, version: deployed.version, params, defaults, schedules };
  }

  async start({ pipeline, version, params, runId, key }: StartRequest): Promise<StartedServedRun> {
    const begin = async (request?: string, id = runId): Promise<RunConfig> => {
      const deployed = await this.#deployed(pipeline, version);
      const { record } = await runOfVersion(deployed, { ...boundTo(deployed, params), runId: id });
      const { config } = configured(this.#api, { deployed, record });
      const whole = { ...config, ...omitUndefined({ request }) };
      await publishRun(this.#api, { config: whole, record });
      return whole;
    };
    if (key === undefined) return this.#started(await begin());
    const named = keyed(pipeline, key, { asked: [version ?? null, params], runId });
    const record = async (config: RunConfig): Promise<RunRecord> => {
      const deployed = await this.#deployed(pipeline, config.version);
      const made = await runOfVersion(deployed, { ...boundTo(deployed, params), runId: named.runId });
      return { ...made.record, createdAtMs: config.createdAtMs };
    };
    const config = await beginOnce(this.#api, named, {
      begin: () => begin(named.request, named.runId),
      record,
    });
    return this.#started(config);
  }

  async repeat(run: ServedRun, { key }: { key?: string | undefined }): Promise<StartedServedRun> {
    const of = await this.#run(run.runId);
    const { pipeline } = of.config;
    const named =
      key === undefined ? undefined : keyed(pipeline, `${run.runId} ${key}`, { asked: [run.runId] });
    const begin = async (): Promise<RunConfig> => {
      const started = await retryInCluster(this.#api, of, { asItWas: true, keyed: named });
      return (await this.#run(started.run.runId)).config;
    };
    if (named === undefined) return this.#started(await begin());
    return this.#started(await beginOnce(this.#api, named, { begin, record: () => Promise.resolve(null) }));
  }

  async #run(runId: string): Promise<NonNullable<ReturnType<typeof runOf>>> {
    const object = await this.#api.get<ConfigMap>(paths.configMaps(this.#api.namespace, runName(runId)));
    const run = object === null ? null : runOf(object);
    if (run !== null) return run;
    throw await this.read({ runId, where: this.name, verb: this.verb, createdMs: 0, source: null }).then(
      () => new TypeError('Bug: a run that is there and is not'),
      (error: unknown) => error,
    );
  }

  #started(config: RunConfig): StartedServedRun {
    const { namespace, connection } = this.#api;
    const { digest, version } = config;
    const submitted = { context: connection.name, namespace, digest, ...omitUndefined({ version }) };
    return { run: clusterRef(this.#api, config), submitted };
  }

  /** @throws KtError `NOT_DEPLOYED`, `UNKNOWN_VERSION`. */
  async #deployed(name: string, version: string | undefined): Promise<DeployedVersion> {
    const deployment = await findDeployment(this.#api, name);
    if (deployment === null || deployment.pipeline !== name) throw await notDeployed(this.#api, name);
    return readKept(this.#api, name, version ?? deployment.version);
  }
}

/** Opens the runs of a namespace. */
export const servedCluster = (connection: KubeConnection, namespace: string): ServedCluster =>
  new ServedCluster(
    new KubeApi(
      { ...connection, namespace, token: again => connection.token(again) },
      { clock: systemClock },
    ),
  );
