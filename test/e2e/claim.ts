/** A claim on the folder of a test cluster: for namespaces in which no pod may mount a path of its node. */
import type { DataVolume, KubeObject } from '@kube-transform/runtime/kubernetes';
import type { TestCluster } from './cluster.js';

const VOLUMES = '/api/v1/persistentvolumes';

/** Makes a volume and its claim; both are gone after it is disposed of. */
export async function claimOn({ api, apply, namespace, dir }: TestCluster): Promise<AsyncDisposable & { volume: DataVolume }> {
  const size = { storage: '1Gi' };
  const volume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: namespace },
    spec: {
      capacity: size,
      accessModes: ['ReadWriteMany'],
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: '',
      hostPath: { path: dir },
      claimRef: { namespace, name: 'data' },
    },
  };
  await api.create(VOLUMES, volume);
  const spec = { accessModes: ['ReadWriteMany'], resources: { requests: size }, storageClassName: '', volumeName: namespace };
  await apply({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'data' }, spec } as KubeObject);
  return {
    volume: { claim: 'data', mountPath: '/mnt/data' },
    [Symbol.asyncDispose]: () => api.delete(`${VOLUMES}/${namespace}`),
  };
}
