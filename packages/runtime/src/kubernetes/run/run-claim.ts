/*
 * Which controller drives a run: the one that has claimed it last.
 *
 * RC1 Each claim has an epoch of its own, one more than that of the claim before, and the journal is opened
 *     with it. So the order of claims is the order in the store too: of controllers that begin at the same
 *     moment exactly one goes on, and all others leave.
 */
import { KtError } from '@kube-transform/sdk';
import type { KubeApi } from '../api/kube-api.js';
import { isKubeError } from '../api/kube-error.js';
import type { ConfigMap } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { watch, type WatchOptions } from '../api/watch.js';
import { RUN_KEY } from '../manifests/run-config.js';

/** A controller, by the ConfigMap of its run and the uid of its pod. */
export interface Claimant {
  configMap: string;
  uid: string;
}

/** A claim, and the run's ConfigMap as it was then. */
export interface RunClaim {
  epoch: number;
  object: ConfigMap;
}

/** Claims a run. @throws KtError `NO_RUN` where its ConfigMap is gone. */
export async function claimRun(api: KubeApi, { configMap, uid }: Claimant): Promise<RunClaim> {
  for (;;) {
    const { metadata, data } = await readRun(api, configMap);
    const { resourceVersion } = metadata;
    const epoch = (Number(data?.[RUN_KEY.epoch]) || 0) + 1;
    const change = {
      metadata: { resourceVersion },
      data: { [RUN_KEY.controller]: uid, [RUN_KEY.epoch]: String(epoch) },
    };
    const path = paths.configMaps(api.namespace, configMap);
    const object = await api.patch<ConfigMap>(path, change, { type: 'merge' }).catch((error: unknown) => {
      // It has changed since: or an earlier attempt of this call, whose answer was lost, was heard.
      if (isKubeError(error, 409)) return null;
      throw error;
    });
    if (object !== null) return { epoch, object };
  }
}

/** True where nobody has claimed the run since. @throws KtError `NO_RUN` where its ConfigMap is gone. */
export async function holdsClaim(api: KubeApi, { configMap, uid }: Claimant): Promise<boolean> {
  return (await readRun(api, configMap)).data?.[RUN_KEY.controller] === uid;
}

/** Watches a run: tells when it is to be cancelled, and when another controller has claimed it. */
export async function watchClaim(
  api: KubeApi,
  { configMap, uid }: Claimant,
  { onCancel, onLost, ...options }: WatchOptions & { onCancel: () => void; onLost: (to: string) => void },
): Promise<void> {
  const target = { path: paths.configMaps(api.namespace), fieldSelector: `metadata.name=${configMap}` };
  for await (const news of watch<ConfigMap>(api, target, options)) {
    const [object] = news.type === 'list' ? news.items : [news.object];
    const gone = object === undefined || news.type === 'gone';
    if (gone || object.data?.[RUN_KEY.cancel] !== undefined) onCancel();
    const driver = object?.data?.[RUN_KEY.controller];
    if (driver !== undefined && driver !== uid) onLost(driver);
  }
}

/** A patch of nothing, because that is a right a controller needs anyway. */
async function readRun(api: KubeApi, configMap: string): Promise<ConfigMap> {
  const path = paths.configMaps(api.namespace, configMap);
  const object = await api.patch<ConfigMap>(path, {}, { type: 'merge' });
  if (object !== null) return object;
  throw new KtError({
    code: 'NO_RUN',
    path: configMap,
    message: `The run's ConfigMap "${configMap}" is gone: the run was deleted.`,
  });
}
