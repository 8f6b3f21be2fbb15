/** Jobs, pods and events as a cluster gives them while pods wait, and the question why they do. */
import type {
  Condition,
  ContainerState,
  Job,
  KubeEvent,
  Pod,
} from '../../packages/runtime/src/kubernetes/api/objects.js';
import { pendingReasonOf } from '../../packages/runtime/src/kubernetes/diagnosis/pending-reason.js';

/** A Job that wants one pod more than there is. */
export const jobOf = (
  spec: Partial<NonNullable<Job['spec']>> = {},
  status: Job['status'] = { active: 1, ready: 0 },
): Job => ({
  metadata: { name: 'kt-x-1', uid: 'job-1' },
  spec: { completions: 3, parallelism: 1, template: { metadata: { labels: {} }, spec: {} }, ...spec },
  status,
});
interface PodParts {
  waiting?: ContainerState['waiting'];
  scheduled?: Partial<Condition>;
  spec?: Pod['spec'];
  uid?: string;
  init?: boolean;
}
/** A pod that has not started. */
export const podOf = ({ waiting, scheduled = {}, spec = {}, uid = 'pod-1', init = false }: PodParts): Pod => {
  const statuses = waiting === undefined ? [] : [{ name: 'main', state: { waiting } }];
  const conditions = [{ type: 'PodScheduled', status: 'True', ...scheduled }];
  return {
    metadata: { name: uid, uid },
    spec,
    status: {
      phase: 'Pending',
      conditions,
      ...(init ? { initContainerStatuses: statuses } : { containerStatuses: statuses }),
    },
  };
};
let seconds = 0;
/** An event that is a second younger than the one before. */
export const eventOf = (
  uid: string,
  reason: string,
  message: string,
  at: Partial<KubeEvent> = {},
): KubeEvent => ({
  metadata: { name: 'e' },
  involvedObject: { uid },
  reason,
  message,
  lastTimestamp: new Date(1_700_000_000_000 + 1000 * seconds++).toISOString(),
  ...at,
});
/** Why a Job's pods wait, or null. */
export const ask = (pods: Pod[], events: KubeEvent[] = [], job = jobOf()) =>
  pendingReasonOf({ job, pods, events });
