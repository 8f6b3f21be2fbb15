/** What `kt submit` does: from what was typed to a run in the cluster. */
import type { RunStatus } from '@kube-transform/runtime';
import type { KubeApi } from '@kube-transform/runtime/kubernetes';
import { makeRun, type RunRequest } from '../../pipeline/make-run.js';
import { chooseDelivery } from '../../delivery/choose-delivery.js';
import { type Deployed, findDeployed, submitDeployed } from './submit-deployed.js';
import type { Output } from '../../terminal/output.js';
import { followSession } from '../../views/cluster-session.js';
import { openCluster, withContext } from '../../cluster/connect.js';
import { remember } from '../../cluster/last-cluster.js';
import { settingsOf, stepDefaults } from '../../cluster/run-settings.js';
import type { ClusterOptions } from '../../project/resolve-context.js';
import { resumeRun, type Submitted, submitRun } from './submit-run.js';

/** What may be typed for `kt submit` beside the cluster. */
export interface SubmitTyped extends ClusterOptions {
  resume?: string;
  steal: boolean;
  /** A deployed version. */
  version?: string;
  /** Take the source here, whatever is deployed. */
  source: boolean;
  follow: boolean;
  json: boolean;
}

/**
 * Submits, says where the run is, and follows it where that was asked; its status, or null where it was not
 * followed.
 */
export async function submitFromCommand(
  request: RunRequest,
  typed: SubmitTyped,
  output: Output,
): Promise<RunStatus | null> {
  const options = await withContext(typed);
  const api = await openCluster(options);
  try {
    const submitted = await submitTyped(api, request, { typed, options, progress: text => output.err(text) });
    return await afterSubmit(api, submitted, { follow: typed.follow, json: typed.json, output });
  } finally {
    api.close();
  }
}

interface Submission {
  typed: SubmitTyped;
  options: ClusterOptions;
  progress: (text: string) => void;
}

async function submitTyped(
  api: KubeApi,
  request: RunRequest,
  { typed, options, progress }: Submission,
): Promise<Submitted> {
  if (typed.resume !== undefined) return resumeRun(api, typed.resume, { steal: typed.steal });
  const deployed: Deployed | null = await findDeployed(api, request, typed);
  if (deployed !== null) {
    const submitted = await submitDeployed(api, request, { deployed, typed });
    await remember(options, api);
    return submitted;
  }
  const made = await makeRun({ ...request, defaults: stepDefaults(options) }, 'kt submit');
  const settings = settingsOf(options, api.namespace);
  const submitted = await submitRun(api, {
    record: made.record,
    bundle: made.target.bundle,
    settings,
    delivery: chooseDelivery(options, { api, progress }),
  });
  await remember(options, api);
  return submitted;
}

/** Says where a run is, or follows it. */
export async function afterSubmit(
  api: KubeApi,
  { runId, bundle, version }: Submitted,
  { follow, json, output }: { follow: boolean; json: boolean; output: Output },
): Promise<RunStatus | null> {
  const of = version === undefined ? '' : `, version ${version}`;
  if (follow) {
    if (!json) output.err(`run ${runId} in namespace ${api.namespace} of ${api.connection.name}${of}`);
    return followSession(api, runId, { output, json });
  }
  if (json)
    output.out(
      JSON.stringify({
        runId,
        namespace: api.namespace,
        context: api.connection.name,
        digest: bundle.digest,
        version,
      }),
    );
  else {
    const isSame = bundle.isNew || version !== undefined ? '' : ' (unchanged)';
    output.out(
      `Submitted ${runId} to namespace ${api.namespace} of ${api.connection.name}; functions ${bundle.digest}${isSame}${of}.`,
    );
    output.out(`  see how it goes: kt status ${runId} --follow`);
  }
  return null;
}
