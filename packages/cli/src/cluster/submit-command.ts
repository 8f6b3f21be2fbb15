/** What `kt submit` does: from what was typed to a run in the cluster. */
import type { RunStatus } from '@kube-transform/runtime';
import type { KubeApi } from '@kube-transform/runtime/kubernetes';
import { makeRun, type RunRequest } from '../begin-run.js';
import type { Output } from '../output.js';
import { followSession } from './cluster-session.js';
import { type ClusterOptions, openCluster, remember, settingsOf, withRemembered } from './place.js';
import { resumeRun, type Submitted, submitRun } from './submit.js';

/** Submits, says where the run is, and follows it where that was asked; its status, or null where it was not followed. */
export async function submitFromCommand(
  request: RunRequest,
  typed: ClusterOptions & { resume?: string; steal: boolean; follow: boolean; json: boolean },
  output: Output,
): Promise<RunStatus | null> {
  const options = await withRemembered(typed);
  const made = typed.resume === undefined ? await makeRun(request, 'kt submit') : null;
  const api = await openCluster(options);
  try {
    let submitted: Submitted;
    if (made === null) submitted = await resumeRun(api, typed.resume ?? '', { steal: typed.steal });
    else {
      const settings = settingsOf(options, api.namespace);
      submitted = await submitRun(api, { record: made.record, bundle: made.target.bundle, settings });
      await remember(options, api);
    }
    return await afterSubmit(api, submitted, { follow: typed.follow, json: typed.json, output });
  } finally {
    api.close();
  }
}

/** Says where a run is, or follows it. */
export async function afterSubmit(
  api: KubeApi,
  { runId, bundle }: Submitted,
  { follow, json, output }: { follow: boolean; json: boolean; output: Output },
): Promise<RunStatus | null> {
  if (follow) {
    if (!json) output.err(`run ${runId} in namespace ${api.namespace} of ${api.connection.name}`);
    return followSession(api, runId, { output, json });
  }
  if (json) output.out(JSON.stringify({ runId, namespace: api.namespace, context: api.connection.name, digest: bundle.digest }));
  else {
    const isSame = bundle.isNew ? '' : ' (unchanged)';
    output.out(`Submitted ${runId} to namespace ${api.namespace} of ${api.connection.name}; functions ${bundle.digest}${isSame}.`);
    output.out(`  see how it goes: kt status ${runId} --follow`);
  }
  return null;
}
