/** Makes the claim behind the volume of a context that says how large it is to be. Pure. */
import { type ClusterSettings, type KubeObject, LABEL } from '@kube-transform/runtime/kubernetes';
import { omitUndefined } from '@kube-transform/sdk';
import type { ClusterOptions } from '../project/resolve-context.js';

/** The claim; none where the context has none. It is never deleted: it holds data. */
export function claimObjects(
  { claim }: ClusterOptions,
  { volume, namespace }: ClusterSettings,
): KubeObject[] {
  if (claim === undefined || volume === null || !('claim' in volume)) return [];
  const { size, storageClass, accessMode = 'ReadWriteOnce' } = claim;
  const labels = { 'app.kubernetes.io/name': 'kt', [LABEL.managedBy]: 'kt', [LABEL.component]: 'volume' };
  const spec = omitUndefined({
    accessModes: [accessMode],
    resources: { requests: { storage: size } },
    storageClassName: storageClass,
  });
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: volume.claim, namespace, labels },
      spec,
    } as KubeObject,
  ];
}
