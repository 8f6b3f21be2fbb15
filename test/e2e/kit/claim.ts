/** Claims on the folder of a test cluster: for namespaces in which no pod may mount a path of its node. */
import { type DataVolume, type KubeObject, paths } from '@kube-transform/runtime/kubernetes';
import type { TestCluster } from './cluster.js';

const SIZE = { storage: '1Gi' };

/** Makes a volume for a claim of this name, and for no other; it is gone after it is disposed of. */
export async function volumeFor(
  { api, namespace, dir }: TestCluster,
  claim: string,
): Promise<AsyncDisposable> {
  const spec = {
    capacity: SIZE,
    accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
    persistentVolumeReclaimPolicy: 'Retain',
    storageClassName: '',
    hostPath: { path: dir },
    claimRef: { namespace, name: claim },
  };
  await api.create(paths.persistentVolumes(), {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: namespace },
    spec,
  });
  return { [Symbol.asyncDispose]: () => api.delete(paths.persistentVolumes(namespace)) };
}

/** Makes a volume and its claim; both are gone after it is disposed of. */
export async function claimOn(cluster: TestCluster): Promise<AsyncDisposable & { volume: DataVolume }> {
  const volume = await volumeFor(cluster, 'data');
  const spec = {
    accessModes: ['ReadWriteMany'],
    resources: { requests: SIZE },
    storageClassName: '',
    volumeName: cluster.namespace,
  };
  await cluster.apply({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'data' },
    spec,
  } as KubeObject);
  return { ...volume, volume: { claim: 'data', mountPath: '/mnt/data' } };
}
