/** The backend of a namespace of a real cluster, for its contract. */
import { newRun, systemClock } from '@kube-transform/runtime/internal';
import { type KubeApi, paths, selectRun } from '@kube-transform/runtime/kubernetes';
import { ClusterBackend } from '../../../packages/cli/src/backends/cluster/cluster-backend.js';
import { submitRun } from '../../../packages/cli/src/backends/cluster/submit-run.js';
import { loadPipeline } from '../../../packages/cli/src/pipeline/load-pipeline.js';
import type { BackendBench } from '../../contracts/run-backend-contract.js';
import { FLAKY } from '../../kit/backends/local-bench.js';
import { testCluster } from './cluster.js';
import { eventually } from './projects.js';

export async function clusterBench(): Promise<BackendBench & { api: KubeApi }> {
  const cluster = await testCluster('backend');
  const { api, store, settings, namespace } = cluster;
  const backend = new ClusterBackend(api);
  const { pipeline, bundle, source } = await loadPipeline(FLAKY);
  const file = (name: string, isThere: boolean): Promise<unknown> =>
    isThere ? store.put(name, new Uint8Array()) : store.delete([name]);
  const ended = async (runId: string): Promise<void> => {
    const run = await backend.find(runId);
    const signal = new AbortController().signal;
    await backend.follow(run, { sink: { publish: () => undefined }, note: () => undefined, signal });
  };
  return {
    api,
    backend,
    bring: async (runId, to) => {
      await file('fixed', to !== 'failed');
      await file('hold', to === 'running' || to === 'interrupted');
      const record = await newRun({ pipeline, runId, clock: systemClock, source });
      await submitRun(api, { record, bundle, settings });
      if (to === 'completed' || to === 'failed') return ended(runId);
      if (to === 'running') {
        const run = await backend.find(runId);
        const workRuns = async (): Promise<boolean> =>
          (await backend.read(run)).jobs.some(({ name, items }) => name === 'work' && items === 5);
        return void (await eventually(workRuns, is => is));
      }
      const labelSelector = selectRun(runId, 'controller');
      await api.deleteAll(paths.jobs(namespace), { labelSelector });
      const pods = () => api.list(paths.pods(namespace), { labelSelector });
      await eventually(pods, ({ items }) => items.length === 0);
    },
    release: () => file('hold', false) as Promise<void>,
    drive: ({ run }) => ended(run.runId),
    [Symbol.asyncDispose]: async () => {
      // It closes the connection, too.
      await cluster[Symbol.asyncDispose]();
    },
  };
}
