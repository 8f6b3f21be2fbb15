/** A cluster for tests: a namespace of its own with a folder of this machine as its volume. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileStore, localFileStore } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';
import {
  accessObjects,
  clusterSettings,
  type ClusterSettings,
  KubeApi,
  type KubeObject,
  paths,
} from '@kube-transform/runtime/kubernetes';
import { kubeConnection } from '@kube-transform/cli';

/**
 * The kubeconfig of the cluster, an image with Node, and a folder that this machine and the node have under
 * the same path.
 */
export const E2E = {
  kubeconfig: process.env['KT_E2E_KUBECONFIG'] ?? '',
  image: process.env['KT_E2E_IMAGE'] ?? '',
  dir: process.env['KT_E2E_DIR'] ?? tmpdir(),
};

/** A namespace in which runs work. */
export interface TestCluster extends AsyncDisposable {
  api: KubeApi;
  namespace: string;
  /** The folder behind the volume. */
  dir: string;
  store: FileStore;
  settings: ClusterSettings;
  /** Arguments of `kt submit` for this namespace. */
  args: readonly string[];
  apply(...objects: KubeObject[]): Promise<void>;
}

const COLLECTIONS: Record<string, (namespace: string) => string> = {
  ServiceAccount: paths.serviceAccounts,
  Role: paths.roles,
  RoleBinding: paths.roleBindings,
  ConfigMap: paths.configMaps,
  Job: paths.jobs,
  PersistentVolumeClaim: paths.persistentVolumeClaims,
  ResourceQuota: paths.resourceQuotas,
  LimitRange: namespace => `/api/v1/namespaces/${namespace}/limitranges`,
};

/** Makes a namespace with the service account and the Role that runs need. `labels` are the namespace's. */
export async function testCluster(name: string, { labels = {}, access = true } = {}): Promise<TestCluster> {
  const namespace = `kt-e2e-${name}-${systemClock.randomId(5)}`;
  const connection = await kubeConnection({ kubeconfig: E2E.kubeconfig, namespace });
  const api = new KubeApi(connection, { clock: systemClock });
  await api.create(paths.namespaces(), {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace, labels },
  });
  const dir = await mkdtemp(join(E2E.dir, 'kt-e2e-'));
  await chmod(dir, 0o777);
  const apply = async (...objects: KubeObject[]): Promise<void> => {
    for (const object of objects)
      await api.create((COLLECTIONS[object.kind ?? ''] ?? paths.configMaps)(namespace), object);
  };
  if (access) await apply(...accessObjects({ namespace, serviceAccount: 'kt-pod' }));
  const store = localFileStore(dir);
  const volume = { hostPath: dir, mountPath: '/mnt/data' };
  const settings = clusterSettings({
    namespace,
    store: 'file:/mnt/data',
    volume,
    image: E2E.image,
    imagePullPolicy: 'IfNotPresent',
  });
  const args = [
    '-n',
    namespace,
    '--kubeconfig',
    E2E.kubeconfig,
    '--volume',
    `host:${dir}`,
    '--image',
    E2E.image,
    '--image-pull-policy',
    'IfNotPresent',
  ];
  return {
    api,
    namespace,
    dir,
    store,
    settings,
    args,
    apply,
    [Symbol.asyncDispose]: async () => {
      // Jobs first: a namespace that ends while a Job waits for a pod's successor hangs.
      const ours = { labelSelector: 'app.kubernetes.io/managed-by=kt' };
      await api.deleteAll(paths.jobs(namespace), ours);
      // A pod that starts late would make the folder again.
      await api.deleteAll(paths.pods(namespace), ours, { query: { gracePeriodSeconds: 1 } });
      // The controller of a run that still goes on may have made another Job before it ended.
      while ((await api.list(paths.pods(namespace), ours)).items.length > 0) {
        await systemClock.sleep(250);
        await api.deleteAll(paths.jobs(namespace), ours);
      }
      await api.delete(paths.namespaces(namespace));
      api.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** An object to apply. */
export const object = (kind: string, name: string, rest: object): KubeObject => ({
  kind,
  metadata: { name },
  ...rest,
});
/** A ResourceQuota. */
