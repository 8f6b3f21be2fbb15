/** Asks the cluster why pods of a Job do not start: at most five requests, however many pods wait. */
import { paths } from '../api/paths.js';
import { LABEL, selectPodsOf } from '../manifests/names.js';
import type { KubeApi } from '../api/kube-api.js';
import type { Job, KubeEvent, KubeList, Pod } from '../api/objects.js';
import type { PendingReason } from './rejections.js';
import { missingPods, pendingReasonOf } from './pending-reason.js';
import { roomHolders } from './room-holders.js';

/** Pods that are looked at, and those of them whose events are. */
const PODS = 50;
const PODS_IN_DETAIL = 2;
/** Pods of the namespace that are looked at for who holds the room. */
const HOLDERS = 500;
/** What a container waits for without saying what is wrong. */
const UNCLEAR = new Set(['ContainerCreating', 'PodInitializing', 'ImagePullBackOff']);

/** Why pods of a Job do not start, asked of the cluster; null where they do. Rejects with KubeError. */
export async function diagnose(api: KubeApi, job: Job, signal?: AbortSignal): Promise<PendingReason | null> {
  if (job.spec?.suspend === true) return pendingReasonOf({ job, pods: [], events: [] });
  const missing = missingPods(job) > 0;
  const pods = await pendingPods(api, job, signal);
  const unclear = pods.filter(isUnclear).slice(0, PODS_IN_DETAIL);
  const about = [...(missing ? [job] : []), ...unclear].map(({ metadata }) => metadata.uid ?? '');
  const events = await Promise.all(about.map(uid => eventsOf(api, uid, signal)));
  const waiting = pendingReasonOf({ job, pods, events: events.flat() });
  if (waiting?.reason === 'Unschedulable' && /Insufficient|Too many pods/.test(waiting.message)) {
    const holders = roomHolders(await placedPods(api, signal), job.metadata.labels?.[LABEL.run]);
    return holders === '' ? waiting : { ...waiting, remedy: `${holders} ${waiting.remedy}` };
  }
  return waiting ?? (missing || pods.length > 0 ? silence(job) : null);
}

async function pendingPods(api: KubeApi, { metadata }: Job, signal: AbortSignal | undefined): Promise<Pod[]> {
  const query = {
    labelSelector: selectPodsOf(metadata.name),
    fieldSelector: 'status.phase=Pending',
    limit: PODS,
  };
  return (
    (await api.get<KubeList<Pod>>(paths.pods(api.namespace), { query, signal, retryForMs: 0 }))?.items ?? []
  );
}

/** Some of the pods that kube-transform has in the namespace. */
async function placedPods(api: KubeApi, signal: AbortSignal | undefined): Promise<Pod[]> {
  const query = { labelSelector: `${LABEL.managedBy}=kt`, limit: HOLDERS };
  const pods = api.get<KubeList<Pod>>(paths.pods(api.namespace), { query, signal, retryForMs: 0 });
  return (await pods)?.items ?? [];
}

async function eventsOf(api: KubeApi, uid: string, signal: AbortSignal | undefined): Promise<KubeEvent[]> {
  const query = { fieldSelector: `involvedObject.uid=${uid}`, limit: 100 };
  return (
    (await api.get<KubeList<KubeEvent>>(paths.events(api.namespace), { query, signal, retryForMs: 0 }))
      ?.items ?? []
  );
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
