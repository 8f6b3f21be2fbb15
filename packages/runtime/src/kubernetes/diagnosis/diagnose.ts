/** Asks the cluster why pods of a Job do not start: a few requests, however many pods wait. */
import { LABEL } from '../manifests/names.js';
import type { Job, Pod } from '../api/objects.js';
import type { Inquiry } from './inquiry.js';
import type { PendingReason } from './rejections.js';
import { missingPods, pendingReasonOf } from './pending-reason.js';
import { roomHolders } from './room-holders.js';

/** Pods whose events are looked at. */
const PODS_IN_DETAIL = 2;
/** What a container waits for without saying what is wrong. */
const UNCLEAR = new Set(['ContainerCreating', 'PodInitializing', 'ImagePullBackOff']);

/** Why pods of a Job do not start, asked of the cluster; null where they do. Rejects with KubeError. */
export async function diagnose(inquiry: Inquiry, job: Job): Promise<PendingReason | null> {
  if (job.spec?.suspend === true)
    return pendingReasonOf({ job, pods: [], events: await inquiry.eventsOfQueue(job) });
  const missing = missingPods(job) > 0;
  const pods = await inquiry.pendingPods(job);
  const unclear = pods.filter(isUnclear).slice(0, PODS_IN_DETAIL);
  const events = await Promise.all([missing ? inquiry.eventsOfJob(job) : [], inquiry.eventsOfPods(unclear)]);
  const waiting = pendingReasonOf({ job, pods, events: events.flat() });
  if (waiting?.reason === 'Unschedulable' && /Insufficient|Too many pods/.test(waiting.message)) {
    const holders = roomHolders(await inquiry.placedPods(), job.metadata.labels?.[LABEL.run]);
    return holders === '' ? waiting : { ...waiting, remedy: `${holders} ${waiting.remedy}` };
  }
  return waiting ?? (missing || pods.length > 0 ? silence(job) : null);
}

/** A pod that says nothing itself: its events may. */
function isUnclear({ status }: Pod): boolean {
  if (status?.conditions?.some(({ type, status: is }) => type === 'PodScheduled' && is === 'False') === true)
    return false;
  const reasons = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(
    ({ state }) => state?.waiting?.reason,
  );
  return reasons.every(reason => reason === undefined || UNCLEAR.has(reason));
}

function silence({ metadata }: Job): PendingReason {
  const remedy = `\`kubectl describe job ${metadata.name}\` and its pods may say more. Are the nodes and the cluster's controllers well?`;
  return {
    reason: 'Silent',
    message: 'no pod has started, and Kubernetes does not say why',
    remedy,
    waitLimit: 'long',
  };
}
