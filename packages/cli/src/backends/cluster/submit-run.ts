/** Submits runs to a cluster. */
import { omitUndefined } from '@kube-transform/sdk';
import type { RunRecord } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';
import type { ClusterSettings, KubeApi, RunConfig } from '@kube-transform/runtime/kubernetes';
import { type Bundle, emptyBundle } from '../../bundle/make-bundle.js';
import { checkClusterVersion } from '../../cluster/cluster-version.js';
import { configMaps } from '../../delivery/config-maps.js';
import { type Delivery, type PublishedBundle, refOf } from '../../delivery/delivery.js';
import type { StartedRun } from '../backend.js';
import { clusterRef } from './find-runs.js';
import { publishRun } from './publish-run.js';

/** A run that was submitted. */
export interface PublishedRun {
  runId: string;
  bundle: PublishedBundle;
  config: RunConfig;
}

/** The same as every backend tells of a run that was started. */
export const startedRun = (api: KubeApi, { bundle, config }: PublishedRun): StartedRun => ({
  run: clusterRef(api, config),
  submitted: {
    context: api.connection.name,
    namespace: api.namespace,
    digest: bundle.digest,
    isNew: bundle.isNew,
    ...omitUndefined({ version: config.version }),
  },
});

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
): Promise<PublishedRun> {
  await checkClusterVersion(api);
  const code = bundle ?? (await emptyBundle());
  const { published, settings } = await delivery.deliver(code, wanted);
  const { runId, pipeline, source } = record;
  const config = configOf({ runId, pipeline: pipeline.name, published, settings, source });
  await publishRun(api, {
    config,
    record: { ...record, source: config.source },
    bring: () => delivery.deliver(code, wanted),
  });
  return { runId, bundle: published, config };
}

/** What the `run.json` of a run is made of. */
interface Origin {
  runId: string;
  pipeline: string;
  /** The run of which it repeats what failed. Default: none. */
  from?: string;
  published: PublishedBundle;
  settings: ClusterSettings;
  source: RunRecord['source'];
}

/** The `run.json` of a run that is begun now. */
export function configOf({ runId, pipeline, from, published, settings, source }: Origin): RunConfig {
  return {
    runId,
    pipeline,
    kind: from === undefined ? 'new' : 'retry',
    from: from ?? null,
    ...refOf(published),
    settings,
    createdAtMs: systemClock.nowMs(),
    source: source === null ? null : { ...source, digest: published.digest },
  };
}
