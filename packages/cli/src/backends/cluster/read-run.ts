/** How a run in a cluster stands now, and whether its controller drives it. */
import type { RunSummary } from '@kube-transform/runtime';
import { isOver } from '@kube-transform/runtime/internal';
import type { KubeApi } from '@kube-transform/runtime/kubernetes';
import { type ControllerState, controllerState } from './controller-watch.js';
import { type ClusterRun, statusOf } from './find-runs.js';

/** What its controller reported last, and what is true of the controller itself. */
export async function readInCluster(api: KubeApi, { runId, summary }: ClusterRun): Promise<RunSummary> {
  if (isOver(summary)) return summary;
  const controller = await controllerState(api, runId);
  const status = statusOf(summary, controller.is !== 'gone' && controller.is !== 'failed');
  return { ...summary, status, problem: problemOf(summary, controller) };
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
    case 'well':
      return summary.updatedMs === null ? 'Its controller is starting.' : null;
  }
}
