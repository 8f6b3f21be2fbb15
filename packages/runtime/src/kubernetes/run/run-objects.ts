/**
 * Finds and flags the objects of runs, for those who do not drive them: controllers, their pods, the flag to
 * cancel.
 */
import type { Clock } from '../../ports/index.js';
import type { CallOptions, KubeApi } from '../api/kube-api.js';
import { type ConfigMap, isTerminalJob, type Job, type Pod } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { LABEL, selectRun } from '../manifests/names.js';
import { RUN_KEY } from '../manifests/run-config.js';

/** Selects the controllers of all runs. */
export const CONTROLLERS = `${LABEL.component}=controller,${LABEL.managedBy}=kt`;

/** True for a Job that drives its run, or will when its pod starts. */
export const isLiveController = (job: Job): boolean =>
  job.metadata.deletionTimestamp === undefined && !isTerminalJob(job);

/** The Jobs of a run's controllers that have neither ended nor are being deleted. */
export async function liveControllers(api: KubeApi, runId: string): Promise<Job[]> {
  const labelSelector = selectRun(runId, 'controller');
  const { items } = await api.list<Job>(paths.jobs(api.namespace), { labelSelector });
  return items.filter(isLiveController);
}

/** Values of the label `kt.dev/run` of the runs of the namespace that have a live controller. */
export async function drivenRuns(
  api: KubeApi,
  limits: Omit<CallOptions, 'query'> = {},
): Promise<Set<string>> {
  const { items } = await api.list<Job>(paths.jobs(api.namespace), { labelSelector: CONTROLLERS, ...limits });
  return new Set(items.filter(isLiveController).map(({ metadata }) => metadata.labels?.[LABEL.run] ?? ''));
}

/** The pods of a run's controllers that have not ended. */
export async function controllerPods(api: KubeApi, runId: string): Promise<Pod[]> {
  const labelSelector = selectRun(runId, 'controller');
  const { items } = await api.list<Pod>(paths.pods(api.namespace), { labelSelector });
  return items.filter(hasNotEnded);
}

/** True for a pod of which a container runs or may yet. */
const hasNotEnded = ({ status }: Pod): boolean => status?.phase !== 'Succeeded' && status?.phase !== 'Failed';

/** Writes into a run's ConfigMap that it is to be cancelled; null where the run was deleted. */
export function flagCancelled(
  api: KubeApi,
  { metadata }: ConfigMap,
  clock: Clock,
): Promise<ConfigMap | null> {
  const data = { [RUN_KEY.cancel]: new Date(clock.nowMs()).toISOString() };
  return api.patch<ConfigMap>(paths.configMaps(api.namespace, metadata.name), { data }, { type: 'merge' });
}
