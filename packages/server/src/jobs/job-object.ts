/** A Job of Kubernetes, as far as the server looks into it; all else is passed on. */
import type { Condition, JobStatusFields, KubeObject } from '@kube-transform/runtime/kubernetes';

/** A container, as a template writes it. */
export interface JobContainer {
  name?: string;
  image?: string;
  [field: string]: unknown;
}

/** The pods of a Job. */
export interface JobPodSpec {
  containers: JobContainer[];
  initContainers?: JobContainer[];
  serviceAccountName?: string;
  serviceAccount?: string;
  [field: string]: unknown;
}

/** A Job, as a template gives it and as the cluster has it. */
export interface JobObject extends KubeObject {
  spec: {
    template: {
      metadata?: {
        labels?: Record<string, string>;
        annotations?: Record<string, string>;
        [field: string]: unknown;
      };
      spec: JobPodSpec;
      [field: string]: unknown;
    };
    completions?: number;
    parallelism?: number;
    backoffLimit?: number;
    completionMode?: string;
    suspend?: boolean;
    [field: string]: unknown;
  };
  status?: Omit<JobStatusFields, 'conditions'> & { conditions?: JobCondition[] };
}

/** How a Job stands, as its controller says. */
export interface JobCondition extends Condition {
  lastProbeTime?: string;
  lastTransitionTime?: string;
}

/** Labels and annotations of the server. */
export const MARK = {
  /** Label: whose Job it is. */
  signature: 'app.kubernetes.io/managed-by',
  /** Label: what it was made of. */
  definition: 'job_definition_name',
  /** Annotation: when a finished Job is deleted, in seconds since 1970. */
  deletion: 'job_deletion_time_unix_sec',
  /** Annotation: which request made it, where that had a key. */
  request: 'kt.dev/request',
  /** Annotation: the Job that it repeats. */
  retryOf: 'kt.dev/retry-of',
  /** Label: servers do something for it, or because of it, and watch it therefore. */
  followed: 'kt.dev/followed',
  /** Annotation: the names that it was made to wait for, by commas. */
  dependsOn: 'kt.dev/depends-on',
  /** Annotation: those that it waits for still, NAME:UID by commas. */
  waitsFor: 'kt.dev/waits-for',
  /** Annotation: when somebody last named it to wait for, in seconds since 1970. */
  awaited: 'kt.dev/awaited-unix-sec',
  /** Annotation: the queue that it goes to when it waits no more. */
  queue: 'kt.dev/queue',
  /** Annotation: its template says that it is suspended, also when it waits no more. */
  stays: 'kt.dev/stays-suspended',
  /** Annotation: whether its end was told. */
  told: 'kt.dev/end-told',
} as const;

/** What {@link MARK.told} begins with. */
export const TOLD = { due: 'due', trying: 'trying', delivered: 'delivered', givenUp: 'given-up' } as const;

/** The word for how a Job stands. */
export type JobWord = 'Running' | 'Complete' | 'Failed';

/** How a Job stands: it runs until it has ended, also while it waits or is suspended. */
export function wordFor({ status }: Pick<JobObject, 'status'>): JobWord {
  const is = (type: string): boolean =>
    status?.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false;
  return is('Complete') ? 'Complete' : is('Failed') ? 'Failed' : 'Running';
}
