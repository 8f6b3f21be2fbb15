/*
 * What the end of a pod means for its step, and of a warm pod for the step that it was at.
 *
 * - Whoever began it, it is charged to the step and the items that it was at.
 */
import type { FailureCause } from '@kube-transform/sdk';
import type { JobManifest } from '../../run-store/job-manifest.js';
import { attemptTimeoutMs, type JudgedPod } from '../../worker/retry-policy.js';
import {
  BELIEVED_MS,
  DID_NOTHING,
  LOOK_AGAIN_MS,
  type PodTermination,
  resultsAreLost,
  terminationOf,
} from '../diagnosis/pod-termination.js';
import type { LostPod } from '../warm/warm-pool.js';
import type { JobExecution } from './job-execution.js';
import type { KubernetesOptions } from './options.js';
import { type EndedPod, recordPodFailure } from './record-pod-failure.js';

type Options = Pick<KubernetesOptions, 'store' | 'clock'>;

/** A step. */
interface Of {
  execution: JobExecution;
  manifest: JobManifest;
}

/** Puts the end of a pod with open items on record; a cause where another pod cannot help. */
export async function endOfPod(
  { store, clock }: Options,
  { execution, manifest }: Of,
  { pod, end, memory }: EndedPod,
): Promise<FailureCause | null> {
  const { tally } = execution;
  await tally.refreshPod(pod);
  if (!tally.isOpen(pod)) return null;
  const hasBegun = await recordPodFailure(store, manifest, { pod, end, memory });
  if (hasBegun) await tally.refreshPod(pod);
  const { kind, cause } = end;
  if (kind === 'unstored') execution.cannotStore(`${cause.message} It is begun again, with growing pauses.`);
  const judged = execution.podEnded(pod, { kind, hasBegun, memory }, clock.elapsedMs());
  return causeOf(judged, `Pod ${pod} of step "${execution.name}"`, cause);
}

/** Deals with the warm pods that ended while they were at a step, each once. */
export async function handleLost(
  options: Options,
  of: Of,
  wakeLater: (ms: number) => void,
): Promise<FailureCause | null> {
  const { execution, manifest } = of;
  for (const lost of [...execution.lost]) {
    const { pod, memory, sinceMs } = lost;
    const told = endOfLost(lost, manifest);
    const isBehind = await isPodBehind(execution, pod, told);
    if (isBehind && lost.missing === 0 && options.clock.elapsedMs() - sinceMs < BELIEVED_MS) {
      wakeLater(LOOK_AGAIN_MS);
      continue;
    }
    const end = judgedEnd(told, isBehind);
    const cause = await endOfPod(options, of, { pod, end, memory });
    execution.lost.splice(execution.lost.indexOf(lost), 1);
    if (cause !== null) return cause;
  }
  return null;
}

function endOfLost({ seen, memory, isLate, missing }: LostPod, { job }: JobManifest): PodTermination {
  if (missing > 0) return { ...DID_NOTHING, last: missing };
  const timeoutMs = attemptTimeoutMs(job);
  const end = terminationOf(seen, { memory, timeoutMs });
  if (!isLate) return end;
  const message = 'The pod was ended: it took longer than all attempts of its items may.';
  return {
    ...end,
    kind: 'deadline',
    cause: { kind: 'DeadlineExceeded', message, timeoutMs: timeoutMs ?? 0 },
  };
}

/** The end of a pod with open items; `isBehind`: it has stored more than can be read, for too long. */
export function judgedEnd(told: PodTermination, isBehind: boolean): PodTermination {
  if (isBehind) return resultsAreLost(told);
  // It says that it is done, and is not.
  return told.kind === 'done'
    ? { ...DID_NOTHING, uid: told.uid, podName: told.podName, begun: told.begun }
    : told;
}

/** Whether a pod has stored more than can be read. */
export async function isPodBehind(
  { tally }: JobExecution,
  pod: number,
  { last }: PodTermination,
): Promise<boolean> {
  tally.tell(pod, last);
  await tally.refreshPod(pod);
  return tally.isOpen(pod) && tally.isBehind(pod);
}

/** Why a step fails with its last pod; null where another pod may help. */
function causeOf({ tooMany, history }: JudgedPod, pod: string, cause: FailureCause): FailureCause | null {
  switch (tooMany) {
    case null:
      return null;
    case 'memory':
      return cause;
    case 'unfit code': {
      const message = `${pod} has not the code of this run, and no other has. ${cause.message}`;
      return { kind: 'NotStarted', reason: 'worker', message };
    }
    case 'disruptions': {
      const message = `${pod} was taken away ${history.disruptedStarts} times. ${cause.message}`;
      return { kind: 'Lost', message };
    }
    case 'store failures': {
      const message = `${pod} ended ${history.falseStarts} times because its store failed. ${cause.message}`;
      return { kind: 'Lost', message };
    }
    case 'false starts': {
      const message = `${pod} ended ${history.falseStarts} times before it began an item. ${cause.message}`;
      return { kind: 'NotStarted', reason: cause.kind === 'NotStarted' ? cause.reason : 'worker', message };
    }
  }
}
