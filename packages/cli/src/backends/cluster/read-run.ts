/** How a run in a cluster stands now, and whether its controller drives it. */
import type { JobProgress, PodAtWork, RunSummary } from '@kube-transform/runtime';
import { isOver } from '@kube-transform/runtime/internal';
import {
  ANNOTATION,
  isKubeError,
  type KubeApi,
  type KubeList,
  paths,
  type Pod,
  selectRun,
} from '@kube-transform/runtime/kubernetes';
import { type ControllerState, controllerState } from './controller-watch.js';
import { type ClusterRun, statusOf } from './find-runs.js';

/** As many as a person looks through; what a cluster is asked for is as large. */
const PODS = 50;

/** What its controller reported last, and what is true of the controller itself. */
export async function readInCluster(api: KubeApi, { runId, summary }: ClusterRun): Promise<RunSummary> {
  if (isOver(summary)) return summary;
  const [controller, pods] = await Promise.all([
    controllerState(api, runId, { isHeard: summary.updatedMs !== null }),
    podsAtWork(api, summary),
  ]);
  const status = statusOf(summary, controller.is !== 'gone' && controller.is !== 'failed');
  return { ...summary, status, problem: problemOf(summary, controller), pods };
}

/** Some of the pods that run, in one request; undefined where they may not be listed. */
async function podsAtWork(api: KubeApi, { runId, jobs }: RunSummary): Promise<PodAtWork[] | undefined> {
  const labelSelector = selectRun(runId, 'task');
  const query = { labelSelector, fieldSelector: 'status.phase=Running', limit: PODS };
  try {
    const listed = await api.get<KubeList<Pod>>(paths.pods(api.namespace), { query });
    const pods = (listed?.items ?? []).map(({ metadata: { name, annotations } }) => ({
      name,
      job: annotations?.[ANNOTATION.job] ?? null,
    }));
    // That a pod has ended is known some moments after its step has.
    const hasEnded = ({ status }: JobProgress): boolean => status !== 'Pending' && status !== 'Running';
    const over = new Set(jobs.filter(hasEnded).map(({ name }) => name));
    return pods.filter(({ job }) => job === null || !over.has(job));
  } catch (error) {
    if (isKubeError(error, 403)) return undefined;
    throw error;
  }
}

/** Why nobody drives a run, or what stands in its way. */
function problemOf(summary: RunSummary, controller: ControllerState): string | null {
  switch (controller.is) {
    case 'gone':
      return summary.problem ?? 'Nobody drives it: its controller is gone.';
    case 'failed':
      return `Its controller failed, and Kubernetes does not start it again: ${summary.problem ?? controller.words}`;
    case 'restarting':
      return `Its controller ended, and Kubernetes starts it again: ${controller.words}`;
    case 'waiting':
      return `Its controller has not started, because ${controller.waiting.message}. ${controller.waiting.remedy}`;
    case 'stuck':
      return `Its controller runs and has not begun the run: ${controller.words}`;
    case 'well':
      return summary.updatedMs === null ? 'Its controller is starting.' : null;
  }
}
