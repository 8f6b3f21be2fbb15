/*
 * What `kt gc` deletes of a cluster: ended runs with all that they own, and bundles that no kept run and no
 * version of a deployed pipeline was made with.
 *
 * GC1 A run that is driven is never touched, nor one that cannot be read; one that was interrupted only when
 *     asked for.
 * GC2 A run is deleted by its ConfigMap, which owns the rest: half-deleted there is none.
 * GC3 A bundle stays that was made, or said to be used, within the last hour, and everything that somebody
 *     has changed since it was looked at: a run that is begun, or resumed, beside this one loses nothing.
 */
import {
  type ConfigMap,
  drivenRuns,
  type KubeApi,
  LABEL,
  labelValue,
  paths,
  usedMs,
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
  const deleted: Omit<Deleted, 'where'>[] = [];
  // Before the runs and versions: what is taken into use after this look has changed when it is deleted.
  const bundles = await bundlesOf(api, limits);
  const driven = await drivenRuns(api, limits);
  const used = new Set<string | undefined>();
  const runs = await clusterRuns(api, limits, (_, { metadata }) => used.add(metadata.labels?.[LABEL.bundle]));
  for (const [i, { runId, summary, object }] of runs.entries()) {
    const status = statusOf(summary, driven.has(labelValue(runId)));
    const ageMs = nowMs - (summary.updatedMs ?? summary.createdMs);
    const stays =
      i < keep || status === 'Running' || (status === 'Interrupted' && !interrupted) || ageMs < olderThanMs;
    if (stays || !(dryRun || (await remove(api, object)))) used.add(object.metadata.labels?.[LABEL.bundle]);
    else deleted.push({ kind: 'run', name: runId, bytes: sizeOf(object) });
  }
  const versions = await api.list<ConfigMap>(paths.configMaps(api.namespace), { labelSelector: VERSIONS });
  for (const { metadata } of versions.items) used.add(metadata.labels?.[LABEL.bundle]);
  for (const [digest, parts] of bundles) {
    const lastUsedMs = parts.reduce((latest, part) => Math.max(latest, usedMs(part)), 0);
    if (used.has(digest) || nowMs - lastUsedMs < Math.min(HOUR_MS, olderThanMs)) continue;
    const gone = dryRun ? parts : await removeAll(api, parts);
    const bytes = gone.reduce((sum, part) => sum + sizeOf(part), 0);
    if (gone.length > 0) deleted.push({ kind: 'bundle', name: digest, bytes });
  }
  return deleted;
}

/** The ConfigMaps of the bundles of the namespace, by digest. */
async function bundlesOf(api: KubeApi, limits: CallLimits): Promise<Map<string, ConfigMap[]>> {
  const which = { labelSelector: BUNDLES, ...limits };
  const { items } = await api.list<ConfigMap>(paths.configMaps(api.namespace), which);
  const bundles = new Map<string, ConfigMap[]>();
  for (const part of items) {
    const digest = part.metadata.labels?.[LABEL.bundle] ?? '';
    bundles.set(digest, [...(bundles.get(digest) ?? []), part]);
  }
  return bundles;
}

/** Deletes an object as it was read; false where somebody has changed it since. */
const remove = (api: KubeApi, { metadata }: ConfigMap): Promise<boolean> =>
  api.deleteUnchanged(paths.configMaps(api.namespace, metadata.name), metadata);

/** Deletes the parts of a bundle up to the first that was changed since; those that are gone. */
async function removeAll(api: KubeApi, parts: readonly ConfigMap[]): Promise<ConfigMap[]> {
  const gone: ConfigMap[] = [];
  for (const part of parts) {
    if (!(await remove(api, part))) break;
    gone.push(part);
  }
  return gone;
}

/** Bytes of what a ConfigMap holds. */
function sizeOf({ data = {}, binaryData = {} }: ConfigMap): number {
  const bytes = Object.values(binaryData).reduce((sum, text) => sum + Math.floor((text.length * 3) / 4), 0);
  return Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), bytes);
}
