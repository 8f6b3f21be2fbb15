/**
 * The executor contract on a real cluster: the loop runs here, where no pod can send it a hint, so watch and
 * slow poll must be enough.
 */
import {
  type ConfigMap,
  ownerOf,
  paths,
  type RunFrame,
  runConfigMap,
  runName,
} from '@kube-transform/runtime/kubernetes';
import { publishBundle } from '@kube-transform/cli';
import { executorContract } from '../../contracts/executor-contract.js';
import { type Bench, callsBundle } from '../../kit/executors.js';
import { executorOf, podOf } from '../../kit/kube-executor.js';
import { testCluster } from '../kit/cluster.js';

/** Pods of one job at once: fewer than a large job has, so that it can be stopped before its end. */
const AT_ONCE = 4;

executorContract('a cluster', clusterBench);

async function clusterBench(): Promise<Bench> {
  // This process and the pods write into the same folders, as different users where this one is root.
  const umask = process.umask(0);
  const cluster = await testCluster('executor');
  const { api, namespace, store } = cluster;
  const { digest, parts } = await publishBundle(api, await callsBundle());
  const uid = process.getuid?.() ?? 0;
  const defaults = uid === 0 ? {} : { podPatch: { securityContext: { runAsUser: uid } } };
  const settings = { ...cluster.settings, parallelism: AT_ONCE, defaults };
  const frameOf = async (runId: string): Promise<RunFrame> => {
    const map = runConfigMap({ runId, pipeline: 'p', namespace, digest, data: {} });
    const object =
      (await api.create(paths.configMaps(namespace), map)) ??
      (await api.get<ConfigMap>(paths.configMaps(namespace, runName(runId))));
    return {
      runId,
      pipeline: 'p',
      settings,
      digest,
      bundleParts: parts,
      owner: ownerOf(runId, object?.metadata.uid ?? ''),
    };
  };
  return {
    store,
    fresh: store,
    many: 200,
    executor: () => executorOf({ api, store, frameOf, pods: AT_ONCE }),
    breakPuts: () => undefined,
    begun: runId => podOf(api, runId),
    close: async () => {
      await cluster[Symbol.asyncDispose]();
      process.umask(umask);
    },
  };
}
