/** Which runs a cluster has, and which one was meant. */
import { KtError } from '@kube-transform/sdk';
import type { RunStatus } from '@kube-transform/runtime';
import {
  ANNOTATION,
  type ClusterSummary,
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
import { pickRun, type RunEntry } from '../local/find-runs.js';
import { isLive } from './controllers.js';
import { isOver, summaryOf } from './summary.js';

/** A run of a cluster, as its ConfigMap tells. */
export interface ClusterRun {
  runId: string;
  object: ConfigMap;
  config: RunConfig;
  /** Null where its controller has not written one. */
  summary: ClusterSummary | null;
}

/** A run and how it is reached. */
export interface RunIn {
  api: KubeApi;
  run: ClusterRun;
}

/** How long the cluster is asked. */
export interface Hurry {
  signal?: AbortSignal;
  patienceMs?: number;
}

const RUNS = `${LABEL.component}=run,${LABEL.managedBy}=kt`;

/** A run from its ConfigMap; null where that is none of a run. */
export function runOf(object: ConfigMap): ClusterRun | null {
  const text = object.data?.[RUN_KEY.config];
  const runId = object.metadata.annotations?.[ANNOTATION.runId];
  if (text === undefined || runId === undefined) return null;
  return { runId, object, config: JSON.parse(text) as RunConfig, summary: summaryOf(object) };
}

/** All runs of the namespace, the newest first. */
export async function clusterRuns(api: KubeApi, hurry: Hurry = {}): Promise<ClusterRun[]> {
  const { items } = await api.list<ConfigMap>(paths.configMaps(api.namespace), {
    labelSelector: RUNS,
    ...hurry,
  });
  const runs = items.map(runOf).filter(run => run !== null);
  return runs.sort((a, b) => b.config.createdAtMs - a.config.createdAtMs || (a.runId < b.runId ? 1 : -1));
}

/** All runs of the namespace as `kt runs` lists them. */
export async function listClusterRuns(api: KubeApi, hurry: Hurry = {}): Promise<RunEntry[]> {
  const runs = await clusterRuns(api, hurry);
  const driven = runs.every(({ summary }) => summary !== null && isOver(summary))
    ? new Set<string>()
    : await drivenRuns(api, hurry);
  return runs.map(({ runId, config, summary }) => ({
    runId,
    pipeline: config.pipeline,
    status: statusOf(summary, driven.has(labelValue(runId))),
    jobs: summary?.counts ?? {},
    createdAtMs: config.createdAtMs,
    updatedAtMs: summary === null || summary.updatedMs === 0 ? null : summary.updatedMs,
  }));
}

/** Values of the label `kt.dev/run` of the runs that have a controller. */
export async function drivenRuns(api: KubeApi, hurry: Hurry = {}): Promise<Set<string>> {
  const { items } = await api.list<Job>(paths.jobs(api.namespace), {
    labelSelector: `${LABEL.component}=controller,${LABEL.managedBy}=kt`,
    ...hurry,
  });
  return new Set(items.filter(isLive).map(({ metadata }) => metadata.labels?.[LABEL.run] ?? ''));
}

/** Where a run stands: what its summary says, unless nobody is left to change it. */
export function statusOf(summary: ClusterSummary | null, isDriven: boolean): RunStatus {
  if (summary !== null && isOver(summary)) return summary.status;
  return isDriven ? 'Running' : 'Interrupted';
}

/**
 * The run that was meant: its id, the beginning of its id, or `latest`.
 *
 * @throws KtError `NO_RUNS`, `UNKNOWN_RUN` with "did you mean", `AMBIGUOUS_RUN` with what there is.
 */
export async function findClusterRun(api: KubeApi, typed: string, hurry: Hurry = {}): Promise<ClusterRun> {
  const object = await api.get<ConfigMap>(paths.configMaps(api.namespace, runName(typed)), hurry);
  const exact = object === null ? null : runOf(object);
  if (exact?.runId === typed) return exact;
  const runs = await clusterRuns(api, hurry);
  const [latest] = runs;
  if (typed === 'latest') {
    if (latest !== undefined) return latest;
    throw new KtError({
      code: 'NO_RUNS',
      path: 'run',
      message: `There are no runs ${inNamespace(api)}.`,
      hint: 'Begin one with kt submit PIPELINE.',
    });
  }
  const runId = pickRun(runs.map(run => run.runId).reverse(), typed, inNamespace(api));
  const found = runs.find(run => run.runId === runId);
  if (found === undefined) throw new TypeError(`Bug: the run ${runId} was picked and is not there`);
  return found;
}
