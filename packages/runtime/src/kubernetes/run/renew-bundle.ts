/*
 * Keeps the ConfigMaps of a bundle for a run that is being begun with it.
 *
 * - Who collects bundles says on one that it is to go, and then looks once more who uses it. So who begins a
 *   run reads the bundle when the run is there: where nothing is said on it, who says so later sees the run;
 *   where it is, that is taken back, and what was to go is no longer as it was.
 * - What has not been used for a while is said to be used, so that it is not old. That is a write of the
 *   whole, which costs the API server more than all else that a run asks of it: runs that begin together do
 *   without.
 */
import type { Clock } from '../../ports/index.js';
import type { KubeApi } from '../api/kube-api.js';
import { isKubeError, isMissingRight } from '../api/kube-error.js';
import type { ConfigMap } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { ANNOTATION, bundleNames, type BundleRef, codeName } from '../manifests/names.js';

/** Code that was made or used since then is not collected for its age. */
const RENEWED_AFTER_MS = 1_800_000;

/** Sees to it that a ConfigMap stays, after its user has become visible; false where it is not there. */
export async function renew(api: KubeApi, name: string, clock: Clock): Promise<boolean> {
  const path = paths.configMaps(api.namespace, name);
  const found = await api.get<ConfigMap>(path, { isBrief: true });
  if (found === null) return false;
  const isToGo = found.metadata.annotations?.[ANNOTATION.toGo] !== undefined;
  const nowMs = clock.nowMs();
  if (!isToGo && nowMs - usedMs(found) < RENEWED_AFTER_MS) return true;
  const annotations = { [ANNOTATION.usedAt]: new Date(nowMs).toISOString(), [ANNOTATION.toGo]: null };
  try {
    return (await api.patch(path, { metadata: { annotations } }, { type: 'merge', isBrief: true })) !== null;
  } catch (error) {
    if (!isMissingRight(error)) throw error;
    // Without the right to change it, it can still be used.
    return (await api.get(path, { isBrief: true })) !== null;
  }
}

/** Sees to it that a whole bundle stays; false where a part of it is missing. */
export async function renewBundle(
  api: KubeApi,
  { digest, bundleParts, codeParts = 0 }: BundleRef,
  clock: Clock,
): Promise<boolean> {
  const names = [...bundleNames(digest, bundleParts), ...(codeParts === 0 ? [] : [codeName(digest)])];
  const are = await Promise.all(names.map(name => renew(api, name, clock)));
  return are.every(is => is);
}

/**
 * Says on a ConfigMap, as it was read, that it is to go; as it is now, or null where somebody has changed it
 * since.
 */
export async function announceEnd(
  api: KubeApi,
  { metadata: { name, resourceVersion } }: ConfigMap,
  clock: Pick<Clock, 'nowMs'>,
): Promise<ConfigMap | null> {
  const annotations = { [ANNOTATION.toGo]: new Date(clock.nowMs()).toISOString() };
  const change = { metadata: { resourceVersion, annotations } };
  const path = paths.configMaps(api.namespace, name);
  return api.patch<ConfigMap>(path, change, { type: 'merge', isBrief: true }).catch((error: unknown) => {
    if (isKubeError(error, 409)) return null;
    throw error;
  });
}

/** When a ConfigMap was made or last said to be used, in milliseconds; 0 where it does not say. */
export function usedMs({ metadata }: ConfigMap): number {
  const times = [metadata.creationTimestamp, metadata.annotations?.[ANNOTATION.usedAt]];
  return times.reduce((last, time) => Math.max(last, Date.parse(time ?? '') || 0), 0);
}
