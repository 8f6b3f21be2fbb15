/**
 * The objects of a run in a cluster. Its ConfigMap owns the others: it is made first, and deleting it ends the
 * run.
 */
import { KtError } from '@kube-transform/sdk';
import type { RunRecord } from '@kube-transform/runtime';
import {
  createRunObjects,
  type ConfigMap,
  type KubeApi,
  paths,
  RUN_KEY,
  type RunConfig,
  runName,
} from '@kube-transform/runtime/kubernetes';

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

/** The run's ConfigMap and what it says; null where there is none. */
export async function readRunConfig(
  api: KubeApi,
  runId: string,
): Promise<{ object: ConfigMap; config: RunConfig } | null> {
  const object = await api.get<ConfigMap>(paths.configMaps(api.namespace, runName(runId)));
  const text = object?.data?.[RUN_KEY.config];
  return object === null || text === undefined ? null : { object, config: JSON.parse(text) as RunConfig };
}
