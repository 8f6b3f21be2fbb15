/*
 * What the end of a pod means for its items: who is to blame, and what they go on with.
 *
 * CH1 It is written to the pod's results log before another pod is begun, once for each pod that ended, so
 *     that a controller that comes
 *    back, or another at the same time, does not charge twice.
 * CH2 A disruption and a lack of memory that can be mended cost no attempt; both have a cap.
 */
import { type FailureCause, parseDurationMs, parseQuantity } from '@kube-transform/sdk';
import { ItemLedger } from '../../worker/item-ledger.js';
import type { JobManifest } from '../../run-store/job-manifest.js';
import type { FileStore } from '../../ports/index.js';
import { backoffMs } from '../../worker/backoff.js';
import type { PodTermination } from '../diagnosis/pod-termination.js';

/** How often an item may run out of memory and be given more: each time twice as much. */
const MAX_MEMORY_RAISES = 2;

/** A pod that ended, and how. */
export interface EndedPod {
  pod: number;
  end: PodTermination;
  /** Memory that it had. */
  memory: string;
}

/** Puts the end of a pod on the record of the items that it was at. True where there were such items. */
export async function recordPodFailure(
  store: FileStore,
  manifest: JobManifest,
  { pod, end, memory }: EndedPod,
): Promise<boolean> {
  const { job, itemsPerPod, items } = manifest;
  const first = pod * itemsPerPod;
  const mine = end.begun.filter(item => item >= first && item < Math.min(items, first + itemsPerPod));
  if (end.kind === 'done' || end.kind === 'broken' || mine.length === 0) return mine.length > 0;
  const ledger = await ItemLedger.open(
    manifest,
    { store, emit: () => undefined, gather: () => Promise.resolve() },
    pod,
  );
  for (const item of mine) {
    if (ledger.isDone(item)) continue;
    const cause = causeFor(end, item);
    const free = cause.kind === 'OutOfMemory' && canRaise(job.memory, memory);
    ledger.fail(item, cause, {
      backoffMs: attempts => backoffMs(job.backoff, attempts),
      free,
      ...(end.uid === null ? {} : { of: end.uid }),
    });
  }
  await ledger.settled();
  return true;
}

/** The one that was too late is to blame; those that were taken along are not. */
function causeFor({ late, cause }: PodTermination, item: number): FailureCause {
  return late === null || late === item
    ? cause
    : { kind: 'Evicted', message: `The pod was ended because item ${late} outlived its timeout.` };
}

function canRaise(asked: string, had: string): boolean {
  return (parseQuantity(had) ?? 0) < (parseQuantity(asked) ?? 0) * 2 ** MAX_MEMORY_RAISES;
}

/** Memory for the pods that follow one that ran out of it: twice as much. */
export function raisedMemory(asked: string, had: string): string {
  if (!canRaise(asked, had)) return had;
  const bytes = Math.ceil((parseQuantity(had) ?? 0) * 2);
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}Mi` : String(bytes);
}

/** The longest time of an attempt; null: none. */
export const timeoutOf = (manifest: JobManifest): number | null =>
  manifest.job.timeout === null ? null : (parseDurationMs(manifest.job.timeout) ?? null);
