/** Which runs a cluster has, and which one was meant. */
import type { RunStatus, RunSummary } from '@kube-transform/runtime';
import { isOver, parseSummary, unreadableRun } from '@kube-transform/runtime/internal';
import {
  ANNOTATION,
  type ConfigMap,
  drivenRuns,
  keyIn,
  type KubeApi,
  LABEL,
  labelValue,
  paths,
  readRunConfig,
  RUN_KEY,
  type RunConfig,
  runName,
} from '@kube-transform/runtime/kubernetes';
import { inNamespace } from '../../cluster/connect.js';
import type { CallLimits, RunRef } from '../backend.js';
import { noRuns, pickRun } from '../pick-run.js';

/** A run of a cluster, as its ConfigMap tells. */
export interface ClusterRun {
  runId: string;
  object: ConfigMap;
  config: RunConfig;
  /** What its controller reported last; its `updatedMs` is null where that is nothing yet. */
  summary: RunSummary;
}

const RUNS = `${LABEL.component}=run,${LABEL.managedBy}=kt`;

/** A run from its ConfigMap; null where that is none of a run. @throws KtError `NEWER_FORMAT`, `BAD_RUN`. */
export function runOf(object: ConfigMap): ClusterRun | null {
  const runId = runIdOf(object);
  const config = runId === undefined ? null : readRunConfig(object);
  if (runId === undefined || config === null) return null;
  const { pipeline, createdAtMs: createdMs, from: retryOf } = config;
  const run = { runId, pipeline, createdMs, retryOf };
  const summary = parseSummary(object.data?.[RUN_KEY.summary], run, keyIn(object, RUN_KEY.summary));
  return { runId, object, config, summary };
}

/** `production/jobs`: a namespace as `kt runs` names it. */
export const nameOf = ({ connection, namespace }: KubeApi): string => `${connection.name}/${namespace}`;

const runIdOf = ({ metadata }: ConfigMap): string | undefined => metadata.annotations?.[ANNOTATION.runId];

/** A run of a cluster, as it is referred to. */
export const clusterRef = (api: KubeApi, { runId, createdAtMs, source, digest }: RunConfig): RunRef => ({
  runId,
  where: nameOf(api),
  verb: 'kt submit',
  createdMs: createdAtMs,
  source: source ?? { pipeline: null, functions: [], digest },
});

/** All runs of the namespace that can be read, the newest first; `onUnreadable` is told of the others. */
export async function clusterRuns(
  api: KubeApi,
  limits: CallLimits,
  onUnreadable: (summary: RunSummary, object: ConfigMap, error: unknown) => void,
): Promise<ClusterRun[]> {
  const { items } = await api.list<ConfigMap>(paths.configMaps(api.namespace), {
    labelSelector: RUNS,
    ...limits,
  });
  const runs = items.flatMap(object => {
    try {
      return runOf(object) ?? [];
    } catch (error) {
      const createdMs = Date.parse(object.metadata.creationTimestamp ?? '') || 0;
      onUnreadable(unreadableRun({ runId: runIdOf(object) ?? '', createdMs }, error), object, error);
      return [];
    }
  });
  return runs.sort((a, b) => b.summary.createdMs - a.summary.createdMs || (a.runId < b.runId ? 1 : -1));
}

/** All runs of the namespace as `kt runs` lists them. */
export async function listClusterRuns(api: KubeApi, limits: CallLimits = {}): Promise<RunSummary[]> {
  const unreadable: RunSummary[] = [];
  const runs = await clusterRuns(api, limits, summary => unreadable.push(summary));
  const driven = runs.every(({ summary }) => isOver(summary))
    ? new Set<string>()
    : await drivenRuns(api, limits);
  const readable = runs.map(({ runId, summary }) => ({
    ...summary,
    status: statusOf(summary, driven.has(labelValue(runId))),
  }));
  return [...readable, ...unreadable];
}

/** Where a run stands: what its summary says, unless nobody is left to change it. */
export function statusOf(summary: RunSummary, isDriven: boolean): RunStatus {
  if (isOver(summary)) return summary.status;
  return isDriven ? 'Running' : 'Interrupted';
}

/**
 * The run that was meant: its id, the beginning of its id, or `latest`.
 *
 * @throws KtError `NO_RUNS`, `UNKNOWN_RUN` with "did you mean", `AMBIGUOUS_RUN` with what there is, and as
 * {@link runOf}.
 */
export async function findClusterRun(
  api: KubeApi,
  typed: string,
  limits: CallLimits = {},
): Promise<ClusterRun> {
  const object = await api.get<ConfigMap>(paths.configMaps(api.namespace, runName(typed)), limits);
  const exact = object === null ? null : runOf(object);
  if (exact?.runId === typed) return exact;
  const unreadable = new Map<string, unknown>();
  const runs = await clusterRuns(api, limits, ({ runId }, _, error) => unreadable.set(runId, error));
  const where = inNamespace(api);
  const readable = runs.map(({ runId }) => runId).reverse();
  const runId =
    typed === 'latest'
      ? readable.at(-1)
      : pickRun(typed, { ids: [...unreadable.keys(), ...readable], where, hint: 'is it the right one?' });
  if (runId !== undefined && unreadable.has(runId)) throw unreadable.get(runId);
  const found = runs.find(run => run.runId === runId);
  if (found === undefined) throw noRuns(where, 'Begin one with kt submit PIPELINE.');
  return found;
}
