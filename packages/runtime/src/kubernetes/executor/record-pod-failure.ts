/*
 * Puts the end of a pod on the record of the items that it was at.
 *
 * CH1 It is written to the pod's results log before another pod is begun, once for each pod that ended, so
 *     that a controller that comes back, or another at the same time, does not count it twice.
 */
import type { FileStore } from '../../ports/index.js';
import type { JobManifest } from '../../run-store/job-manifest.js';
import { ItemLedger, quietly } from '../../worker/item-ledger.js';
import { blamedItems } from '../../worker/retry-policy.js';
import type { PodTermination } from '../diagnosis/pod-termination.js';

/** A pod that ended, and how. */
export interface EndedPod {
  pod: number;
  end: PodTermination;
  /** Memory that it had. */
  memory: string;
}

/** Records the failure of a pod. True where it had begun items of its own. */
export async function recordPodFailure(
  store: FileStore,
  manifest: JobManifest,
  { pod, end, memory }: EndedPod,
): Promise<boolean> {
  const { job, itemsPerPod, items } = manifest;
  const first = pod * itemsPerPod;
  const own = end.begun.filter(item => item >= first && item < Math.min(items, first + itemsPerPod));
  const blamed = blamedItems(end, own, { asked: job.memory, had: memory });
  if (blamed.length === 0) return own.length > 0;
  const ledger = await ItemLedger.open(manifest, quietly(store, end.podName), { pod });
  for (const { item, cause, isFree } of blamed)
    if (!ledger.isDone(item)) ledger.fail(item, cause, { isFree, ofPod: end.uid ?? undefined });
  await ledger.settled();
  return true;
}
