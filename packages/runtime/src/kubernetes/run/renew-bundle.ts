/*
 * Keeps the ConfigMaps of a bundle for a run that is being begun with it.
 *
 * - Who uses a bundle that is there says so on it when the run is there: `kt gc` sees the run, or what it saw
 *   of the bundle is no longer so, as it deletes a bundle only as it was when no run had it. Where it was
 *   deleted just before, it is brought again.
 */
import type { Clock } from '../../ports/index.js';
import type { KubeApi } from '../api/kube-api.js';
import { isMissingRight } from '../api/kube-error.js';
import type { ConfigMap } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { ANNOTATION, bundleNames, codeName } from '../manifests/names.js';

/** Says that a ConfigMap is used now; false where it is not there. */
export async function renew(api: KubeApi, name: string, clock: Clock): Promise<boolean> {
  const path = paths.configMaps(api.namespace, name);
  const annotations = { [ANNOTATION.usedAt]: new Date(clock.nowMs()).toISOString() };
  try {
    return (await api.patch(path, { metadata: { annotations } }, { type: 'merge', isBrief: true })) !== null;
  } catch (error) {
    if (!isMissingRight(error)) throw error;
    // Without the right to change it, it can still be used.
    return (await api.get(path, { isBrief: true })) !== null;
  }
}

/** Says so of a whole bundle; false where a part of it is missing. */
export async function renewBundle(
  api: KubeApi,
  { digest, parts, codeParts = 0 }: { digest: string; parts: number; codeParts?: number | undefined },
  clock: Clock,
): Promise<boolean> {
  const names = [...bundleNames(digest, parts), ...(codeParts === 0 ? [] : [codeName(digest)])];
  const are = await Promise.all(names.map(name => renew(api, name, clock)));
  return are.every(is => is);
}

/** When a ConfigMap was made or last said to be used, in milliseconds; 0 where it does not say. */
export function usedMs({ metadata }: ConfigMap): number {
  const times = [metadata.creationTimestamp, metadata.annotations?.[ANNOTATION.usedAt]];
  return times.reduce((last, time) => Math.max(last, Date.parse(time ?? '') || 0), 0);
}
