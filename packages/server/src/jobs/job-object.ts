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
} as const;

/** The word for how a Job stands. */
export type JobWord = 'Running' | 'Complete' | 'Failed';

/** How a Job stands: it runs until it has ended, also while it waits or is suspended. */
export function wordFor({ status }: Pick<JobObject, 'status'>): JobWord {
  const is = (type: string): boolean =>
    status?.conditions?.some(condition => condition.type === type && condition.status === 'True') ?? false;
  return is('Complete') ? 'Complete' : is('Failed') ? 'Failed' : 'Running';
}
