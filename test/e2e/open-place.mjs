// A namespace of the cluster for tests and benches, with a store that its pods and this machine see.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { kubeConnection, makeBundle } from '@kube-transform/cli';
import { localFileStore } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';
import { accessObjects, clusterSettings, KubeApi, paths } from '@kube-transform/runtime/kubernetes';
import { findCluster } from './find-cluster.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const COLLECTIONS = {
  ServiceAccount: paths.serviceAccounts,
  Role: paths.roles,
  RoleBinding: paths.roleBindings,
};

/**
 * Makes a namespace in which runs of the functions in `entry` can be submitted; null where there is no
 * cluster.
 */
export async function openPlace(prefix, entry, options = {}) {
  if (!findCluster()) return null;
  const namespace = `${prefix}-${systemClock.randomId(5)}`;
  const api = new KubeApi(await kubeConnection({ kubeconfig: process.env.KT_E2E_KUBECONFIG, namespace }), {
    clock: systemClock,
    ...options,
  });
  await api.create(paths.namespaces(), {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  });
  for (const object of accessObjects({ namespace, serviceAccount: 'kt-pod' }))
    await api.create(COLLECTIONS[object.kind](namespace), object);
  const dir = await mkdtemp(join(process.env.KT_E2E_DIR ?? tmpdir(), `${prefix}-`));
  await chmod(dir, 0o777);
  return {
    namespace,
    api,
    dir,
    store: localFileStore(dir),
    settings: clusterSettings({
      namespace,
      image: process.env.KT_E2E_IMAGE,
      imagePullPolicy: 'IfNotPresent',
      store: 'file:/mnt/data',
      volume: { hostPath: dir, mountPath: '/mnt/data' },
    }),
    bundle: await makeBundle({ entries: [join(root, entry)], projectDir: root }),
    close: async () => {
      await api.deleteAll(paths.jobs(namespace), { labelSelector: 'app.kubernetes.io/managed-by=kt' });
      await api.delete(paths.namespaces(namespace));
      api.close();
      // Pods may still write, until they have heard that they are deleted.
      await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 500 });
    },
  };
}

/** What the controller of a run says of itself when it ends. */
export async function controllerOf({ api, namespace }, runId) {
  const labelSelector = `kt.dev/run=${runId},app.kubernetes.io/component=controller`;
  let pod;
  // A run may be over before the kubelet has told that its container has begun: then there is no log yet.
  for (;;) {
    [pod] = (await api.list(paths.pods(namespace), { labelSelector })).items;
    const { running, terminated } = pod?.status.containerStatuses?.[0]?.state ?? {};
    if (running !== undefined || terminated !== undefined) break;
    await systemClock.sleep(100);
  }
  let log = '';
  const query = { follow: true };
  for await (const chunk of api.stream(paths.podLog(namespace, pod.metadata.name), { query }))
    log += Buffer.from(chunk).toString();
  return log
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
    .find(line => line.apiRequests !== undefined);
}
