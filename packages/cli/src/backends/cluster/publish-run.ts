/** The objects of a run in a cluster: its ConfigMap owns the others, and deleting it ends the run. */
import { KtError } from '@kube-transform/sdk';
import type { RunRecord } from '@kube-transform/runtime';
import { createRunObjects, type KubeApi, type RunConfig } from '@kube-transform/runtime/kubernetes';

/** Makes the objects of a new run and starts its controller. @throws KtError `RUN_EXISTS`. */
export async function publishRun(api: KubeApi, config: RunConfig, record: RunRecord | null): Promise<void> {
  if (await createRunObjects(api, { config, record })) return;
  const { runId } = config;
  throw new KtError({
    code: 'RUN_EXISTS',
    path: '--run-id',
    message: `There is a run "${runId}" in namespace "${api.namespace}" already.`,
    hint: `See it: kt status ${runId}`,
  });
}
