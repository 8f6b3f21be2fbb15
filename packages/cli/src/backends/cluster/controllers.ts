/** The controllers of a run: their Jobs and pods. */
import {
  isTerminalJob,
  type Job,
  type KubeApi,
  paths,
  type Pod,
  selectRun,
} from '@kube-transform/runtime/kubernetes';

/** True for a Job that drives its run, or will when its pod starts. */
export const isLive = (job: Job): boolean =>
  job.metadata.deletionTimestamp === undefined && !isTerminalJob(job);

/** The Jobs of a run's controllers that have neither ended nor are being deleted. */
export async function liveControllers(api: KubeApi, runId: string): Promise<Job[]> {
  const { items } = await api.list<Job>(paths.jobs(api.namespace), {
    labelSelector: selectRun(runId, 'controller'),
  });
  return items.filter(isLive);
}

/** The pods of a run's controllers that have not ended. */
export async function controllerPods(api: KubeApi, runId: string): Promise<Pod[]> {
  const { items } = await api.list<Pod>(paths.pods(api.namespace), {
    labelSelector: selectRun(runId, 'controller'),
  });
  return items.filter(hasNotEnded);
}

/** True for a pod of which a container runs or may yet. */
export const hasNotEnded = ({ status }: Pod): boolean =>
  status?.phase !== 'Succeeded' && status?.phase !== 'Failed';
