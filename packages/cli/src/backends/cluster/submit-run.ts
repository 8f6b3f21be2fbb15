/** Submits runs to a cluster. */
import { KtError } from '@kube-transform/sdk';
import { formatSummary, makeRunId, type RunRecord, systemClock } from '@kube-transform/runtime';
import {
  type ClusterSettings,
  type KubeApi,
  paths,
  RUN_KEY,
  type RunConfig,
  createControllerJob,
} from '@kube-transform/runtime/kubernetes';
import { type Bundle, emptyBundle } from '../../bundle/make-bundle.js';
import { nothingFailed, runNotEnded } from '../refusals.js';
import { checkClusterVersion } from '../../cluster/cluster-version.js';
import { type ClusterRun, findClusterRun, statusOf } from './find-runs.js';
import { liveControllers } from './controllers.js';
import { configMaps } from '../../delivery/config-maps.js';
import type { Delivered, Delivery, PublishedBundle } from '../../delivery/delivery.js';
import { publishRun } from './publish-run.js';

/** A run that was submitted. */
export interface Submitted {
  runId: string;
  bundle: PublishedBundle;
  /** The deployed version that it is a run of. */
  version?: string;
}

/** What is to be submitted. */
export interface SubmitRequest {
  record: RunRecord;
  bundle: Bundle | null;
  settings: ClusterSettings;
  /** Default: in ConfigMaps. */
  delivery?: Delivery;
}

/**
 * Publishes a bundle and starts a run of it. @throws KtError `CLUSTER_TOO_OLD`, and what the cluster refuses.
 */
export async function submitRun(
  api: KubeApi,
  { record, bundle, settings: wanted, delivery = configMaps({ api }) }: SubmitRequest,
): Promise<Submitted> {
  await checkClusterVersion(api);
  const { published, settings } = await delivery.deliver(bundle ?? (await emptyBundle()), wanted);
  const source = sourceOf(record.source, published);
  await publishRun(api, configOf(record, { kind: 'new', from: null, published, settings, source }), {
    ...record,
    source,
  });
  return { runId: record.runId, bundle: published };
}

/** Where the functions came from, with the digest of what was published. */
const sourceOf = (source: RunRecord['source'], { digest }: PublishedBundle): RunRecord['source'] =>
  source === null ? null : { ...source, digest };

interface Origin {
  kind: RunConfig['kind'];
  from: string | null;
  published: PublishedBundle;
  settings: ClusterSettings;
  source: RunRecord['source'];
}

function configOf(
  run: { runId: string; pipeline: { name: string } },
  { kind, from, published, settings, source }: Origin,
): RunConfig {
  const { digest, parts } = published;
  return {
    runId: run.runId,
    pipeline: run.pipeline.name,
    kind,
    from,
    digest,
    bundleParts: parts,
    settings,
    createdAtMs: systemClock.nowMs(),
    source,
  };
}

/** What `kt retry` starts a run with; without other code it has that of the run that it repeats. */
export interface RetryWith {
  from: ClusterRun;
  code: Pick<Delivered, 'published' | 'settings'> | null;
  source: RunRecord['source'];
}

/**
 * Starts a run that repeats what failed in another. @throws KtError `RUN_IS_DRIVEN`, `RUN_NOT_ENDED`,
 * `NOTHING_FAILED`.
 */
export async function submitRetry(api: KubeApi, { from, code, source }: RetryWith): Promise<Submitted> {
  await mayRetry(api, from);
  const { config } = from;
  const same = {
    published: { digest: config.digest, parts: config.bundleParts, isNew: false },
    settings: config.settings,
  };
  const { published, settings } = code ?? same;
  const runId = makeRunId(config.pipeline, systemClock);
  const origin: Origin = {
    kind: 'retry',
    from: from.runId,
    published,
    settings,
    source: sourceOf(source, published),
  };
  await publishRun(api, configOf({ runId, pipeline: { name: config.pipeline } }, origin), null);
  return { runId, bundle: published };
}

/**
 * Whether something is to be repeated in a run. @throws KtError `RUN_IS_DRIVEN`, `RUN_NOT_ENDED`,
 * `NOTHING_FAILED`.
 */
export async function mayRetry(api: KubeApi, { runId, summary, config }: ClusterRun): Promise<void> {
  const status = statusOf(summary, (await liveControllers(api, runId)).length > 0);
  const refuse = (code: string, message: string, hint: string): KtError =>
    new KtError({ code, path: 'run', message, hint });
  if (status === 'Running') {
    throw refuse(
      'RUN_IS_DRIVEN',
      `Run "${runId}" is still going on.`,
      `Wait for it: kt status ${runId} --follow; or end it: kt cancel ${runId}`,
    );
  }
  if (status === 'Interrupted') throw runNotEnded(runId, 'kt submit');
  if (status === 'Completed')
    throw nothingFailed(runId, { verb: 'kt submit', pipeline: config.source?.pipeline });
}

/**
 * Starts another controller of a run, of the version that it began with.
 *
 * @throws KtError `UNKNOWN_RUN`, `RUN_CANCELLED`, `RUN_OVER`, and without `steal` `RUN_IS_DRIVEN`.
 */
export async function resumeRun(
  api: KubeApi,
  typed: string,
  { steal = false }: { steal?: boolean } = {},
): Promise<Submitted> {
  const { runId, object, config, summary } = await findClusterRun(api, typed);
  const refuse = (code: string, message: string, hint: string): KtError =>
    new KtError({ code, path: 'run', message, hint });
  const status = statusOf(summary, false);
  if (object.data?.[RUN_KEY.cancel] !== undefined || status === 'Cancelled') {
    throw refuse(
      'RUN_CANCELLED',
      `Run "${runId}" was cancelled.`,
      `Repeat what it had not done: kt retry ${runId} --failed`,
    );
  }
  if (status !== 'Interrupted') {
    const hint =
      status === 'Failed'
        ? `Repeat what failed: kt retry ${runId} --failed`
        : `Run it again as a whole: kt submit ${config.source?.pipeline ?? 'PIPELINE'}`;
    throw refuse('RUN_OVER', `Run "${runId}" has ended: it is ${status}.`, hint);
  }
  const [driver] = steal ? [] : await liveControllers(api, runId);
  if (driver !== undefined) {
    const hint = `Follow it: kt status ${runId} --follow; if you know that it is lost, use --steal.`;
    throw refuse(
      'RUN_IS_DRIVEN',
      `Run "${runId}" is being driven by the Job "${driver.metadata.name}".`,
      hint,
    );
  }
  if (object.data?.[RUN_KEY.summary] !== undefined) {
    // What stopped the last controller is no news of the next.
    const data = {
      [RUN_KEY.summary]: formatSummary({ ...summary, status: 'Running', problem: null, trouble: null }),
    };
    await api.patch(paths.configMaps(api.namespace, object.metadata.name), { data }, { type: 'merge' });
  }
  await createControllerJob(api, { config, uid: object.metadata.uid ?? '', start: systemClock.randomId(6) });
  return { runId, bundle: { digest: config.digest, parts: config.bundleParts, isNew: false } };
}
