/** All that people may read of a namespace's runs: objects, logs of pods, what commands print. */
import { LABEL, paths, type Pod } from '@kube-transform/runtime/kubernetes';
import { kt } from '../../kit/kt.js';
import { E2E, type TestCluster } from './cluster.js';
import { eventually } from './projects.js';

/** Texts of all pods, ConfigMaps and Jobs, of the logs of the run's pods, and of what `kt` says of it. */
export async function saidOf({ api, namespace, dir }: TestCluster, runId: string): Promise<string[]> {
  // A run may be over before the cluster says that its last pods are.
  const { items: pods } = await eventually(
    () => api.list<Pod>(paths.pods(namespace), { labelSelector: `${LABEL.run}=${runId}` }),
    ({ items }) => items.every(({ status }) => ['Succeeded', 'Failed'].includes(status?.phase ?? '')),
  );
  const said: string[] = [];
  for (const path of [paths.pods, paths.configMaps, paths.jobs])
    said.push(JSON.stringify((await api.list(path(namespace))).items));
  for (const { metadata } of pods)
    for await (const chunk of api.stream(paths.podLog(namespace, metadata.name)))
      said.push(Buffer.from(chunk).toString());
  const at = ['-n', namespace, '--kubeconfig', E2E.kubeconfig];
  for (const args of [
    ['status', runId, '--json'],
    ['status', runId],
    ['logs', runId],
    ['runs', '--json'],
    ['runs'],
  ])
    said.push(...Object.values(await kt(dir, [...args, ...at])).map(String));
  return said;
}
