/** Refuses clusters that are too old for runs. */
import { KtError } from '@kube-transform/sdk';
import { type KubeApi, paths } from '@kube-transform/runtime/kubernetes';

/** The first 1.x with per-index failures, failure policies and replacement policies of Jobs. */
const OLDEST = 29;

/** Refuses a cluster that is too old. @throws KtError `CLUSTER_TOO_OLD`. */
export async function checkClusterVersion(api: KubeApi): Promise<void> {
  const version = await api.get<{ major?: string; minor?: string; gitVersion?: string }>(paths.version);
  const minor = Number.parseInt(version?.minor ?? '', 10);
  if (version?.major !== '1' || Number.isNaN(minor) || minor >= OLDEST) return;
  throw new KtError({
    code: 'CLUSTER_TOO_OLD',
    path: api.connection.name,
    message: `The cluster "${api.connection.name}" runs Kubernetes ${version.gitVersion ?? `1.${minor}`}, and runs need 1.${OLDEST} or newer: its Jobs cannot tell which of their pods failed for good.`,
    hint: 'Upgrade the cluster, or run here: kt run.',
  });
}
