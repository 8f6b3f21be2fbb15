/** Which runs a cluster has, and which one was meant. */
import { isOver, parseSummary, type RunStatus, type RunSummary } from '@kube-transform/runtime';
import {
  ANNOTATION,
  type ConfigMap,
  type Job,
  type KubeApi,
  LABEL,
  labelValue,
  paths,
  RUN_KEY,
  type RunConfig,
  runName,
} from '@kube-transform/runtime/kubernetes';
import { inNamespace } from '../../cluster/connect.js';
import type { CallLimits, RunRef } from '../backend.js';
import { noRuns, pickRun } from '../pick-run.js';
import { isLive } from './controllers.js';

/** A run of a cluster, as its ConfigMap tells. */
export interface ClusterRun {
  runId: string;
  object: ConfigMap;
  config: RunConfig;
  /** What its controller reported last; its `updatedMs` is null where that is nothing yet. */
  summary: RunSummary;
}

const RUNS = `${LABEL.component}=run,${LABEL.managedBy}=kt`;

/** A run from its ConfigMap; null where that is none of a run. */
export function runOf(object: ConfigMap): ClusterRun | null {
  const text = object.data?.[RUN_KEY.config];
  const runId = object.metadata.annotations?.[ANNOTATION.runId];
  if (text === undefined || runId === undefined) return null;
  const config = JSON.parse(text) as RunConfig;
  const { pipeline, createdAtMs: createdMs, from: retryOf } = config;
  const summary = parseSummary(object.data?.[RUN_KEY.summary], { runId, pipeline, createdMs, retryOf });
  return { runId, object, config, summary };
}

/** `production/jobs`: a namespace as `kt runs` names it. */
export const nameOf = ({ connection, namespace }: KubeApi): string => `${connection.name}/${namespace}`;

/** A run of a cluster, as it is referred to. */
export const clusterRef = (api: KubeApi, { runId, createdAtMs, source, digest }: RunConfig): RunRef => ({
  runId,
  where: nameOf(api),
  verb: 'kt submit',
  createdMs: createdAtMs,
  source: source ?? { pipeline: null, functions: [], digest },
});

/** All runs of the namespace, the newest first. */
export async function clusterRuns(api: KubeApi, limits: CallLimits = {}): Promise<ClusterRun[]> {
  const { items } = await api.list<ConfigMap>(paths.configMaps(api.namespace), {
    labelSelector: RUNS,
    ...limits,
  });
  const runs = items.map(runOf).filter(run => run !== null);
  return runs.sort((a, b) => b.summary.createdMs - a.summary.createdMs || (a.runId < b.runId ? 1 : -1));
}

/** All runs of the namespace as `kt runs` lists them. */
export async function listClusterRuns(api: KubeApi, limits: CallLimits = {}): Promise<RunSummary[]> {
  const runs = await clusterRuns(api, limits);
  const driven = runs.every(({ summary }) => isOver(summary))
    ? new Set<string>()
    : await drivenRuns(api, limits);
  return runs.map(({ runId, summary }) => ({
    ...summary,
    status: statusOf(summary, driven.has(labelValue(runId))),
  }));
}

/** Values of the label `kt.dev/run` of the runs that have a controller. */
export async function drivenRuns(api: KubeApi, limits: CallLimits = {}): Promise<Set<string>> {
  const { items } = await api.list<Job>(paths.jobs(api.namespace), {
    labelSelector: `${LABEL.component}=controller,${LABEL.managedBy}=kt`,
    ...limits,
  });
  return new Set(items.filter(isLive).map(({ metadata }) => metadata.labels?.[LABEL.run] ?? ''));
}

/** Where a run stands: what its summary says, unless nobody is left to change it. */
export function statusOf(summary: RunSummary, isDriven: boolean): RunStatus {
  if (isOver(summary)) return summary.status;
  return isDriven ? 'Running' : 'Interrupted';
}

/**
 * The run that was meant: its id, the beginning of its id, or `latest`.
 *
 * @throws KtError `NO_RUNS`, `UNKNOWN_RUN` with "did you mean", `AMBIGUOUS_RUN` with what there is.
 */
export async function findClusterRun(
  api: KubeApi,
  typed: string,
  limits: CallLimits = {},
): Promise<ClusterRun> {
  const object = await api.get<ConfigMap>(paths.configMaps(api.namespace, runName(typed)), limits);
  const exact = object === null ? null : runOf(object);
  if (exact?.runId === typed) return exact;
  const runs = await clusterRuns(api, limits);
  const where = inNamespace(api);
  const ids = runs.map(({ runId }) => runId).reverse();
  const runId =
    typed === 'latest' ? ids.at(-1) : pickRun(typed, { ids, where, hint: 'is it the right one?' });
  const found = runs.find(run => run.runId === runId);
  if (found === undefined) throw noRuns(where, 'Begin one with kt submit PIPELINE.');
  return found;
}
