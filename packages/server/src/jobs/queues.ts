/** Queues and priorities of Jobs, as Kueue and Kubernetes have them. Pure. */
import { KtError, type Problem } from '@kube-transform/sdk';
import { QUEUE_MARK } from '@kube-transform/runtime/kubernetes';
import type { JobObject } from './job-object.js';

/** The label that puts a Job into a queue of Kueue. */
export const QUEUE_LABEL = QUEUE_MARK.name;
/** The label with the place of a Job in its queue. */
export const PRIORITY_LABEL = 'kueue.x-k8s.io/priority-class';

/** Where a Job stands in line. */
export interface JobPlace {
  /** A LocalQueue of Kueue in the namespace. */
  queue?: string | undefined;
  /** In a queue: a WorkloadPriorityClass of Kueue. Without one: the PriorityClass of the pods. */
  priority?: string | undefined;
}

const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?$/;

/** Whether a queue or a class can have such a name. */
export const isPlaceName = (name: string): boolean => NAME.test(name);

/** Gives a Job its place. In a queue it is suspended until Kueue admits it. @throws KtError `BAD_PLACE` */
export function placeIn(job: JobObject, { queue, priority }: JobPlace): void {
  const { metadata, spec } = job;
  for (const [what, name] of Object.entries({ queue, priority }))
    if (name !== undefined && !isPlaceName(name)) {
      const message = `The ${what} ${JSON.stringify(name.slice(0, 100))} is no name of Kubernetes.`;
      throw new KtError({ code: 'BAD_PLACE', path: what, message });
    }
  if (queue !== undefined) {
    metadata.labels = { ...metadata.labels, [QUEUE_LABEL]: queue };
    spec.suspend = true;
  }
  if (priority === undefined) return;
  if (metadata.labels?.[QUEUE_LABEL] !== undefined)
    metadata.labels = { ...metadata.labels, [PRIORITY_LABEL]: priority };
  else spec.template.spec['priorityClassName'] = priority;
}

/** Which queues and priorities Jobs may have. Default: all. */
export interface PlaceLimits {
  queues?: readonly string[] | undefined;
  priorities?: readonly string[] | undefined;
}

/** What is wrong with the place of a Job, whoever gave it: a request, a definition or a template. */
export function wrongPlaces({ metadata, spec }: JobObject, { queues, priorities }: PlaceLimits): Problem[] {
  const { priorityClassName } = spec.template.spec;
  const podClass = typeof priorityClassName === 'string' ? priorityClassName : undefined;
  const given: [
    path: string,
    what: string,
    value: string | undefined,
    allowed: readonly string[] | undefined,
  ][] = [
    [`metadata.labels["${QUEUE_LABEL}"]`, 'queue', metadata.labels?.[QUEUE_LABEL], queues],
    [`metadata.labels["${PRIORITY_LABEL}"]`, 'priority', metadata.labels?.[PRIORITY_LABEL], priorities],
    ['spec.template.spec.priorityClassName', 'priority', podClass, priorities],
  ];
  return given
    .filter(([, , value, allowed]) => value !== undefined && allowed?.includes(value) === false)
    .map(([path, what, value, allowed = []]) => ({
      code: 'JOB_NOT_ALLOWED',
      path,
      message: `The ${what} "${value ?? ''}" may not be used here: ${allowed.join(', ') || 'none'} may.`,
    }));
}
