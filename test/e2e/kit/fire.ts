/** Fires schedules of a test cluster now, as `kubectl create job --from=cronjob/NAME` does. */
import {
  isTerminalJob,
  type Job,
  type KubeObject,
  paths,
  type Pod,
  selectPodsOf,
} from '@kube-transform/runtime/kubernetes';
import { expect } from 'vitest';
import type { TestCluster } from './cluster.js';
import { eventually } from './projects.js';

type CronJob = KubeObject & {
  spec: { jobTemplate: { metadata: { labels: Record<string, string> }; spec: Job['spec'] } };
};

/**
 * Makes the Job of a pipeline's schedule, called `PIPELINE-NAME`. Its run is called `PIPELINE-PIPELINE-NAME`.
 */
export async function begin(
  { api, namespace }: TestCluster,
  pipeline: string,
  name: string,
): Promise<string> {
  const job = `${pipeline}-${name}`;
  const { items } = await api.list<CronJob>(paths.cronJobs(namespace), {
    labelSelector: `app.kubernetes.io/part-of=${pipeline}`,
  });
  const [cronJob] = items;
  if (cronJob === undefined) throw new Error(`no CronJob of ${pipeline}`);
  const { metadata, spec } = cronJob.spec.jobTemplate;
  const owner = {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    name: cronJob.metadata.name,
    uid: cronJob.metadata.uid ?? '',
    controller: true,
  };
  const annotations = { 'cronjob.kubernetes.io/instantiate': 'manual' };
  await api.create(paths.jobs(namespace), {
    metadata: { name: job, labels: metadata.labels, annotations, ownerReferences: [owner] },
    spec,
  });
  return job;
}

/** What the pods of a Job have printed, of those that have begun. */
export async function saidBy({ api, namespace }: TestCluster, job: string): Promise<string> {
  const pods = await api.list<Pod>(paths.pods(namespace), { labelSelector: selectPodsOf(job) });
  let said = '';
  for (const { metadata, status } of pods.items) {
    if (status?.phase === 'Pending') continue;
    for await (const chunk of api.stream(paths.podLog(namespace, metadata.name)))
      said += Buffer.from(chunk).toString();
  }
  return said;
}

/** Fires a schedule, and waits until its pod has ended well; what that said. */
export async function fire(cluster: TestCluster, pipeline: string, name: string): Promise<string> {
  const job = await begin(cluster, pipeline, name);
  const ended = await eventually(
    () => cluster.api.get<Job>(paths.jobs(cluster.namespace, job)),
    found => found !== null && isTerminalJob(found),
  );
  const said = await saidBy(cluster, job);
  expect(ended?.status?.succeeded, said).toBe(1);
  return said;
}
