/**
 * Why the pods of a Job do not start: from what Kubernetes says of the Job and of its pending pods to a
 * sentence and a remedy. Pure.
 */
import type { Job, KubeEvent, Pod } from '../api/objects.js';
import { QUEUE_MARK } from '../manifests/cluster-settings.js';
import {
  containerRemedy,
  gateRemedy,
  imageNameRemedy,
  imageRemedy,
  mountRemedy,
  neverPulledRemedy,
  scheduleRemedy,
} from './remedies.js';
import { rejectionOf, type PendingReason, type WaitLimit } from './rejections.js';

/** What is known of a Job whose pods do not start. */
export interface Evidence {
  job: Job;
  /** Pods in phase Pending, some of them. */
  pods: readonly Pod[];
  /** Of the Job and of these pods; of one that is suspended: of its place in its queue. */
  events: readonly KubeEvent[];
}

const ORDER: readonly WaitLimit[] = ['none', 'fatal', 'grace', 'long', 'endless'];
const PULL = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ImageInspectError',
  'RegistryUnavailable',
  'SignatureValidationFailed',
  'ErrImagePullBackOff',
]);
const STARTING = new Set(['ContainerCreating', 'PodInitializing']);
const NODE_TROUBLE =
  /^(FailedMount|FailedAttachVolume|FailedMapVolume|FailedCreatePodSandBox|FailedCreatePodContainer|NetworkNotReady|FailedKillPod)$/;

/** Why nothing starts, in the order of how little can be done by waiting; null where nothing says so. */
export function pendingReasonOf({ job, pods, events }: Evidence): PendingReason | null {
  if (job.spec?.suspend === true) return suspended(job, events);
  const found = pods.map(pod => ofPod(pod, events));
  const known = found.filter(waiting => waiting !== null);
  const refused = ofJob(job, events);
  const worst = [...known, ...(refused === null ? [] : [refused])].sort((a, b) => rank(a) - rank(b))[0];
  if (worst === undefined) return null;
  // One pod that may yet start is a reason to wait.
  const mayStart = worst.waitLimit === 'fatal' && worst !== refused && known.length < found.length;
  const left = pods.filter(isLeftBehind).map(({ metadata }) => metadata.name);
  return {
    ...worst,
    ...(mayStart && { waitLimit: 'grace' as const }),
    ...(left.length > 0 && { leftBehind: left }),
  };
}

/** Pods that a Job may still make: fewer are there than it wants. */
export function missingPods({ spec, status }: Job): number {
  const ended = countOf(status?.completedIndexes, status?.succeeded) + countOf(status?.failedIndexes, 0);
  const wanted = Math.min(spec?.parallelism ?? 1, (spec?.completions ?? 1) - ended);
  return Math.max(0, wanted - (status?.active ?? 0) - (status?.terminating ?? 0));
}

const rank = ({ waitLimit }: PendingReason): number => ORDER.indexOf(waitLimit);

/** How many indexes a text names, without making the list. */
function countOf(ranges: string | undefined, otherwise: number | undefined): number {
  if (ranges === undefined) return otherwise ?? 0;
  let count = 0;
  for (const part of ranges.split(',')) {
    if (part === '') continue;
    const [from = 0, to = from] = part.split('-').map(Number);
    count += to - from + 1;
  }
  return count;
}

function suspended({ metadata }: Job, events: readonly KubeEvent[]): PendingReason {
  const { [QUEUE_MARK.name]: queue } = metadata.labels ?? {};
  const { name, uid = '' } = metadata;
  const because = (message: string, remedy: string): PendingReason => ({
    reason: 'Suspended',
    message,
    remedy,
    waitLimit: 'endless',
  });
  if (queue !== undefined) {
    const why = latest(events, ({ type }) => type === 'Warning')?.message;
    return because(
      `its Job is suspended until the queue "${queue}" admits it${why === undefined ? '' : `: ${clean(why)}`}`,
      `Whether the queue is there and what it says: kubectl describe workloads -l kueue.x-k8s.io/job-uid=${uid}`,
    );
  }
  if (events.some(({ reason }) => reason === 'CreatedWorkload')) {
    return because(
      'its Job is suspended, as Kueue takes all Jobs here, and this one names no queue',
      `A LocalQueue "default" of the namespace has those that name none; this one: kubectl label job ${name} ${QUEUE_MARK.name}=QUEUE`,
    );
  }
  return because(
    'its Job is suspended',
    `Somebody suspended it; to go on: kubectl patch job ${name} -p '{"spec":{"suspend":false}}'`,
  );
}

function ofJob(job: Job, events: readonly KubeEvent[]): PendingReason | null {
  const last = latest(events, isAbout(job, /^(FailedCreate|SuccessfulCreate)$/));
  if (last?.reason === 'FailedCreate' && missingPods(job) > 0)
    return rejectionOf(last.message ?? 'no pod could be made');
  if ((job.status?.terminating ?? 0) > 0 && (job.status?.active ?? 0) === 0) {
    return {
      reason: 'Terminating',
      message: `${job.status?.terminating ?? 0} of its pods are still being ended, and no other is made before`,
      remedy:
        'Where their node is lost, delete the Node object, or the pods: kubectl delete pod NAME --force',
      waitLimit: 'long',
    };
  }
  return null;
}

function ofPod(pod: Pod, events: readonly KubeEvent[]): PendingReason | null {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') return unscheduled(pod, scheduled);
  const states = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map(
    ({ state }) => state?.waiting,
  );
  const said = states.find(state => state?.reason !== undefined && !STARTING.has(state.reason));
  if (said?.reason !== undefined)
    return ofContainer(pod, { reason: said.reason, message: said.message ?? '' }, events);
  return isLeftBehind(pod) ? leftBehind(pod) : ofNode(pod, events);
}

/**
 * A container that was made when its node went off is never started when the node is on again, as the pod is
 * not to be restarted: it waits, without a word. Seen with kubelet 1.34.
 */
const isLeftBehind = ({ status }: Pod): boolean =>
  status?.containerStatuses?.some(
    ({ containerID = '', state }) =>
      containerID !== '' && state?.waiting !== undefined && state.waiting.reason === undefined,
  ) === true;

const leftBehind = ({ metadata: { name } }: Pod): PendingReason => ({
  reason: 'ContainerCreated',
  message: `the node of pod ${name} has made its container and does not start it`,
  remedy: `A pod of a step is replaced after some seconds; any other by hand: kubectl delete pod ${name}`,
  waitLimit: 'grace',
});

function unscheduled(pod: Pod, { reason, message }: { reason?: string; message?: string }): PendingReason {
  if (reason === 'SchedulingGated') {
    return {
      reason,
      message: clean(message ?? ''),
      remedy: gateRemedy(pod),
      waitLimit: 'long',
    };
  }
  const words = clean(
    (message ?? 'no node fits').replace(/\s*(no new claims to deallocate,)?\s*preemption: .*$/s, ''),
  );
  return { reason: 'Unschedulable', message: words, remedy: scheduleRemedy(pod, words), waitLimit: 'long' };
}

function ofContainer(
  pod: Pod,
  { reason, message }: { reason: string; message: string },
  events: readonly KubeEvent[],
): PendingReason {
  const words = clean(
    message === '' ? (latest(events, isAbout(pod, /^Failed$/))?.message ?? reason) : message,
  );
  if (PULL.has(reason)) {
    const pulls = events.filter(event => /^Failed to pull/.test(event.message ?? ''));
    const pull = latest(pulls, isAbout(pod, /^Failed$/))?.message;
    // Backing off, older versions do not say from what.
    const full =
      /ErrImagePull: /.test(message) || reason !== 'ImagePullBackOff' ? words : clean(pull ?? words);
    return { reason: 'ErrImagePull', message: full, remedy: imageRemedy(pod, full), waitLimit: 'grace' };
  }
  if (reason === 'InvalidImageName') {
    return { reason, message: words, remedy: imageNameRemedy(pod), waitLimit: 'none' };
  }
  if (reason === 'ErrImageNeverPull') {
    return { reason, message: words, remedy: neverPulledRemedy(pod), waitLimit: 'fatal' };
  }
  return {
    reason,
    message: words,
    remedy: containerRemedy(words),
    waitLimit: /non-?root/i.test(words) ? 'fatal' : 'grace',
  };
}

/** On its node, and nothing wrong with its containers: what do events say? */
function ofNode(pod: Pod, events: readonly KubeEvent[]): PendingReason | null {
  const last = latest(events, isAbout(pod, /./));
  if (last?.reason === undefined) return null;
  const message = clean(last.message ?? last.reason);
  if (NODE_TROUBLE.test(last.reason))
    return { reason: last.reason, message, remedy: mountRemedy(last.reason, message), waitLimit: 'grace' };
  if (last.reason !== 'Pulling') return null;
  return { reason: 'Pulling', message, remedy: 'Smaller images start sooner.', waitLimit: 'long' };
}

/** The last of some events. */
function latest(events: readonly KubeEvent[], isOne: (event: KubeEvent) => boolean): KubeEvent | undefined {
  let found: KubeEvent | undefined;
  for (const event of events) {
    if (!isOne(event)) continue;
    if (found === undefined || timeOf(event) >= timeOf(found)) found = event;
  }
  return found;
}

/** Whether an event is about an object, with such a reason. */
const isAbout =
  ({ metadata: { uid } }: Job | Pod, why: RegExp) =>
  ({ involvedObject, reason = '' }: KubeEvent): boolean =>
    uid !== undefined && involvedObject.uid === uid && why.test(reason);

const timeOf = ({ series, lastTimestamp, eventTime, metadata }: KubeEvent): number =>
  Date.parse(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0;

/** Takes out what differs from pod to pod, and what only programs need. */
function clean(text: string): string {
  return text
    .replace(/^Back-off pulling image "[^"]*": \w+: /, '')
    .replace(/^(Error: )?(rpc error: code = \w+ desc = )?/, '')
    .replace(/ \(pod: "[^"]*", container: [^)]*\)/, '')
    .replace(/(not found)\. not found$/, '$1')
    .replace(/[.\s]+$/, '');
}
