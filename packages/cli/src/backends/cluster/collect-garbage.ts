/*
 * What `kt gc` deletes of a cluster: ended runs with all that they own, and bundles that no kept run and no
 * version of a deployed pipeline was made with.
 *
 * GC1 A run that is driven is never touched, nor one that cannot be read; one that was interrupted only when
 *     asked for.
 * GC2 A run is deleted by its ConfigMap, which owns the rest: half-deleted there is none.
 * GC3 A bundle stays that was made, or said to be used, within the last hour, and everything that somebody
 *     has changed since it was looked at: a run that is begun, or resumed, beside this one loses nothing. It
 *     is said on a bundle that it is to go before it is looked at who uses it for the last time.
 */
import { systemClock } from '@kube-transform/runtime/internal';
import {
  announceEnd,
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
const RUNS = `${LABEL.component}=run,${LABEL.managedBy}=kt`;
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
  for (const digest of await bundlesIn(api, VERSIONS)) used.add(digest);
  for (const [digest, parts] of bundles) {
    const lastUsedMs = parts.reduce((latest, part) => Math.max(latest, usedMs(part)), 0);
    if (used.has(digest) || nowMs - lastUsedMs < Math.min(HOUR_MS, olderThanMs)) bundles.delete(digest);
  }
  for (const [name, parts] of dryRun ? bundles : await removeUnused(api, bundles)) {
    const bytes = parts.reduce((sum, part) => sum + sizeOf(part), 0);
    deleted.push({ kind: 'bundle', name, bytes });
  }
  return deleted;
}

/** Deletes bundles which, when that is said on them, nothing uses that is there; what is gone. */
async function removeUnused(api: KubeApi, bundles: Bundles): Promise<Bundles> {
  const gone: Bundles = new Map();
  if (bundles.size === 0) return gone;
  const announced = new Map<ConfigMap, ConfigMap>();
  for (const part of [...bundles.values()].flat()) {
    const now = await announceEnd(api, part, systemClock);
    if (now !== null) announced.set(part, now);
  }
  const used = new Set([...(await bundlesIn(api, RUNS)), ...(await bundlesIn(api, VERSIONS))]);
  for (const [digest, parts] of bundles) {
    if (used.has(digest)) continue;
    // Up to the first that somebody has changed.
    for (const part of parts) {
      const now = announced.get(part);
      if (now === undefined || !(await remove(api, now))) break;
      gone.set(digest, [...(gone.get(digest) ?? []), part]);
    }
  }
  return gone;
}

/** The digests of bundles that objects say they are of. */
async function bundlesIn(api: KubeApi, labelSelector: string): Promise<(string | undefined)[]> {
  const which = { labelSelector, isBrief: true };
  const { items } = await api.list<ConfigMap>(paths.configMaps(api.namespace), which);
  return items.map(({ metadata }) => metadata.labels?.[LABEL.bundle]);
}

/** ConfigMaps of bundles, by digest. */
type Bundles = Map<string, ConfigMap[]>;

/** The ConfigMaps of the bundles of the namespace. */
async function bundlesOf(api: KubeApi, limits: CallLimits): Promise<Bundles> {
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

/** Bytes of what a ConfigMap holds. */
function sizeOf({ data = {}, binaryData = {} }: ConfigMap): number {
  const bytes = Object.values(binaryData).reduce((sum, text) => sum + Math.floor((text.length * 3) / 4), 0);
  return Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), bytes);
}
