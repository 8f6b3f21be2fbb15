/** What `kt retry` does with a run of a cluster. */
import type { RunStatus } from '@kube-transform/runtime';
import { DEFAULT_IMAGE, type KubeApi, type RunConfig } from '@kube-transform/runtime/kubernetes';
import { noteChange, targetOf } from '../../pipeline/make-run.js';
import type { Bundle } from '../../bundle/make-bundle.js';
import type { Output } from '../../terminal/output.js';
import { onlyWhatFailed } from '../refusals.js';
import type { ClusterRun } from './find-runs.js';
import { withContext } from '../../cluster/connect.js';
import type { Delivered } from '../../delivery/delivery.js';
import { mayRetry, submitRetry } from './submit-run.js';
import { afterSubmit } from './submit.js';

/** What was typed. */
export interface ClusterRetry {
  failed: boolean;
  functions: readonly string[];
  follow: boolean;
  json: boolean;
  output: Output;
}

/** Starts the run that repeats what failed in another, with the functions as they are now. */
export async function retryInCluster(
  api: KubeApi,
  run: ClusterRun,
  { failed, functions, follow, json, output }: ClusterRetry,
): Promise<RunStatus | null> {
  const { runId, config } = run;
  if (!failed) throw onlyWhatFailed(runId, { verb: 'kt submit', pipeline: config.source?.pipeline });
  await mayRetry(api, run);
  const { source: old } = config;
  const given = functions.length > 0 || old?.pipeline != null || (old?.functions.length ?? 0) > 0;
  const target = given ? await targetOf(old, functions) : null;
  if (target !== null) noteChange(runId, { began: config.digest, target }, output);
  const bundle = target?.bundle ?? null;
  const code =
    bundle === null || bundle.digest === config.digest ? null : await bring(api, bundle, { config, output });
  const submitted = await submitRetry(api, { from: run, code, source: target?.source ?? old });
  return afterSubmit(api, submitted, { follow, json, output });
}

/**
 * Brings changed code to where pods find it, as a submit would. An image that held the old code is not built
 * upon.
 */
async function bring(
  api: KubeApi,
  bundle: Bundle,
  { config, output }: { config: RunConfig; output: Output },
): Promise<Delivered> {
  const [{ chooseDelivery }, options] = await Promise.all([
    import('../../delivery/choose-delivery.js'),
    withContext({}),
  ]);
  const { image = DEFAULT_IMAGE } = options;
  const settings = config.bundleParts === 0 ? { ...config.settings, image } : config.settings;
  const delivery = chooseDelivery(options, { api, progress: text => output.err(text) });
  return delivery.deliver(bundle, settings);
}
