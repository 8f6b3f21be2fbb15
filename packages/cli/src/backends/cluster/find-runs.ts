/** Which runs a cluster has, and which one was meant. */
import { KtError } from '@kube-transform/sdk';
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
import type { RunRef } from '../backend.js';
import { pickRun } from '../local/find-runs.js';
import { isLive } from './controllers.js';

/** A run of a cluster, as its ConfigMap tells. */
export interface ClusterRun {
  runId: string;
  object: ConfigMap;
  config: RunConfig;
  /** What its controller reported last; its `updatedMs` is null where that is nothing yet. */
  summary: RunSummary;
}

/** A run and how it is reached. */
export interface RunIn {
  api: KubeApi;
  run: ClusterRun;
}

/** How long the cluster is asked. */
export interface Hurry {
  signal?: AbortSignal;
  retryForMs?: number;
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

/** A run of a cluster, as it is referred to. */
export const clusterRef = ({ connection, namespace }: KubeApi, { runId, config }: ClusterRun): RunRef => ({
  runId,
  where: `${connection.name}/${namespace}`,
  verb: 'kt submit',
  source: config.source ?? { pipeline: null, functions: [], digest: config.digest },
});

/** All runs of the namespace, the newest first. */
export async function clusterRuns(api: KubeApi, hurry: Hurry = {}): Promise<ClusterRun[]> {
  const { items } = await api.list<ConfigMap>(paths.configMaps(api.namespace), {
    labelSelector: RUNS,
    ...hurry,
  });
  const runs = items.map(runOf).filter(run => run !== null);
  return runs.sort((a, b) => b.summary.createdMs - a.summary.createdMs || (a.runId < b.runId ? 1 : -1));
}

/** All runs of the namespace as `kt runs` lists them. */
export async function listClusterRuns(api: KubeApi, hurry: Hurry = {}): Promise<RunSummary[]> {
  const runs = await clusterRuns(api, hurry);
  const driven = runs.every(({ summary }) => isOver(summary))
    ? new Set<string>()
    : await drivenRuns(api, hurry);
  return runs.map(({ runId, summary }) => ({
    ...summary,
    status: statusOf(summary, driven.has(labelValue(runId))),
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
export function statusOf(summary: RunSummary, isDriven: boolean): RunStatus {
  if (isOver(summary)) return summary.status;
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
