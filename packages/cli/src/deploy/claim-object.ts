/**
 * The claim behind the volume of a context, which `kt deploy` makes where the context says how large it is to
 * be. Pure.
 */
import { type ClusterSettings, type KubeObject, LABEL } from '@kube-transform/runtime/kubernetes';
import type { ClusterOptions } from '../project/resolve-context.js';

/** The claim; none where the context has none. It is never deleted: it holds data. */
export function claimObjects(
  { claim }: ClusterOptions,
  { volume, namespace }: ClusterSettings,
): KubeObject[] {
  if (claim === undefined || volume === null || !('claim' in volume)) return [];
  const { size, storageClass, accessMode = 'ReadWriteOnce' } = claim;
  const labels = { 'app.kubernetes.io/name': 'kt', [LABEL.managedBy]: 'kt', [LABEL.component]: 'volume' };
  const spec = {
    accessModes: [accessMode],
    resources: { requests: { storage: size } },
    ...(storageClass === undefined ? {} : { storageClassName: storageClass }),
  };
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: volume.claim, namespace, labels },
      spec,
    } as KubeObject,
  ];
}
