/*
 * What `kt gc` deletes of a cluster: ended runs with all that they own, and bundles that no kept run and no
 * version of a deployed pipeline was made with.
 *
 * GC1 A run that is driven is never touched, nor one that cannot be read; one that was interrupted only when
 *     asked for.
 * GC2 A run is deleted by its ConfigMap, which owns the rest: half-deleted there is none.
 * GC3 A bundle is younger than the run that it is being published for: young ones stay.
 */
import {
  type ConfigMap,
  drivenRuns,
  type KubeApi,
  LABEL,
  labelValue,
  paths,
} from '@kube-transform/runtime/kubernetes';
import type { CallLimits, CollectOptions, Deleted } from '../backend.js';
import { clusterRuns, statusOf } from './find-runs.js';

const HOUR_MS = 3_600_000;
const VERSIONS = `${LABEL.component}=version,${LABEL.managedBy}=kt`;
const BUNDLES = `${LABEL.component}=bundle,${LABEL.managedBy}=kt`;

/** Deletes what is old in the namespace; tells what. Files in the stores of runs stay. */
export async function collectInCluster(
  api: KubeApi,
  options: CollectOptions,
  limits: CallLimits = {},
): Promise<Omit<Deleted, 'where'>[]> {
  const { olderThanMs, keep, interrupted, dryRun, nowMs } = options;
  const driven = await drivenRuns(api, limits);
  const deleted: Omit<Deleted, 'where'>[] = [];
  const used = new Set<string | undefined>();
  const runs = await clusterRuns(api, limits, (_, { metadata }) => used.add(metadata.labels?.[LABEL.bundle]));
  for (const [i, { runId, summary, object }] of runs.entries()) {
    const isDriven = driven.has(labelValue(runId));
    const status = statusOf(summary, isDriven);
    const ageMs = nowMs - (summary.updatedMs ?? summary.createdMs);
    if (
      i < keep ||
      status === 'Running' ||
      (status === 'Interrupted' && !interrupted) ||
      ageMs < olderThanMs
    ) {
      used.add(object.metadata.labels?.[LABEL.bundle]);
      continue;
    }
    if (!dryRun) await api.delete(paths.configMaps(api.namespace, object.metadata.name));
    deleted.push({ kind: 'run', name: runId, bytes: sizeOf(object) });
  }
  const versions = await api.list<ConfigMap>(paths.configMaps(api.namespace), { labelSelector: VERSIONS });
  for (const { metadata } of versions.items) used.add(metadata.labels?.[LABEL.bundle]);
  const { items } = await api.list<ConfigMap>(paths.configMaps(api.namespace), { labelSelector: BUNDLES });
  const bundles = new Map<string, ConfigMap[]>();
  for (const part of items) {
    const digest = part.metadata.labels?.[LABEL.bundle] ?? '';
    bundles.set(digest, [...(bundles.get(digest) ?? []), part]);
  }
  for (const [digest, parts] of bundles) {
    const madeMs = Math.max(
      ...parts.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '') || 0),
    );
    if (used.has(digest) || nowMs - madeMs < Math.min(HOUR_MS, olderThanMs)) continue;
    if (!dryRun)
      for (const { metadata } of parts) await api.delete(paths.configMaps(api.namespace, metadata.name));
    deleted.push({ kind: 'bundle', name: digest, bytes: parts.reduce((sum, part) => sum + sizeOf(part), 0) });
  }
  return deleted;
}

/** Bytes of what a ConfigMap holds. */
function sizeOf({ data = {}, binaryData = {} }: ConfigMap): number {
  const bytes = Object.values(binaryData).reduce((sum, text) => sum + Math.floor((text.length * 3) / 4), 0);
  return Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), bytes);
}
