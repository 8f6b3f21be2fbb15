import type { Json, JsonObject } from '../json.js';

/** One call of a function within a static job; without a function it does nothing. */
export interface KTTask {
  function: string | null;
  args: JsonObject;
}

/** Waiting time before attempt n+1: `min(max, initial × factor^(n-1))`. */
export interface Backoff {
  /** Duration before the second attempt. Default `1s`. */
  initial: string;
  /** Default 2. */
  factor: number;
  /** Longest wait. Default `1m`. */
  max: string;
}

/** What Kubernetes is told about a job's pods, beside memory and CPU. */
export interface KubernetesOptions {
  nodeSelector?: Record<string, string>;
  tolerations?: JsonObject[];
  affinity?: JsonObject;
  priorityClassName?: string;
  serviceAccountName?: string;
  image?: string;
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /** Kueue queue name. */
  queue?: string;
  annotations?: Record<string, string>;
  envFrom?: JsonObject[];
  volumes?: JsonObject[];
  volumeMounts?: JsonObject[];
  /** Longest wait for a pod to start before the job fails, as a duration. */
  startTimeout?: string;
  /** Merge patch laid over the pod spec: the way out for what has no field here. */
  podPatch?: JsonObject;
}

/** Options of a job that kube-transform did not have; all have defaults. */
export interface JobOptions {
  /** Further attempts after the first, per item. Default 0. */
  retries: number;
  backoff: Backoff;
  /** Longest time for one attempt of one item, as a duration. Default null: none. */
  timeout: string | null;
  /** Items run by one pod. Default null: the executor chooses. */
  itemsPerPod: number | null;
  /** Items in flight at once within one pod. Default null: the executor chooses. */
  concurrency: number | null;
  /** Pods at once. Default null: the executor's limit. */
  parallelism: number | null;
  /** Items that may fail without failing the job: a count, or a percentage such as `5%`. Default 0. */
  maxFailed: number | string;
  /** Stop the job's other items at the first that fails for good. Default false. */
  failFast: boolean;
  /** Skip items that an earlier run has done with the same code and arguments. Default false. */
  cache: boolean;
  /** Files an item makes; where all exist it is skipped. May hold refs, see `refs.ts`. Default none. */
  outputs: Json[];
  env: Record<string, string>;
  labels: Record<string, string>;
  gpu: number;
  kubernetes: KubernetesOptions;
}

/** A node of the DAG, with everything filled in. */
export interface KTJob extends JobOptions {
  /**
   * static: `tasks`; dynamic: `function` returns new jobs; map: `function` is called once for each of
   * `items`.
   */
  type: 'static' | 'dynamic' | 'map';
  name: string;
  /** Kubernetes quantity. Default `1Gi`. */
  memory: string;
  /** Kubernetes quantity. Default `500m`. */
  cpu: string;
  dependencies: string[];
  function: string | null;
  args: JsonObject;
  tasks: KTTask[];
  /** What a map runs over: an array, or a ref to one. Null for other types. */
  items: Json;
}

/** A cron schedule of a pipeline. */
export interface KTSchedule {
  cron: string;
  /** IANA name. Default null: that of the cluster, most often UTC. */
  timeZone: string | null;
  /**
   * When a run is still going on: begin no other (default), begin one beside it, or cancel it and begin
   * another.
   */
  concurrencyPolicy: 'Forbid' | 'Allow' | 'Replace';
  /** How late a run may begin, as a duration, before it is left out. Default null: any time. */
  startingDeadline: string | null;
  /** Default false. */
  suspend: boolean;
}

/** What may be said of a schedule. */
export type ScheduleOptions = Partial<{ [K in keyof Omit<KTSchedule, 'cron'>]: NonNullable<KTSchedule[K]> }>;

/** A pipeline with everything filled in: names, defaults, no nulls where a list is meant. */
export interface KTPipeline {
  name: string;
  jobs: KTJob[];
  schedules: KTSchedule[];
}

type Loose<T> = { [K in keyof T]?: T[K] | null };

/** A task as it may be written. */
export type KTTaskInput = Loose<KTTask>;
/** A job as it may be written: all but `type` may be null or absent. */
export type KTJobInput = Loose<Omit<KTJob, 'type' | 'tasks' | 'backoff'>> & {
  type: KTJob['type'];
  tasks?: KTTaskInput[] | null;
  backoff?: Loose<Backoff> | null;
};
/** A pipeline as it may be written. */
export interface KTPipelineInput {
  name: string;
  jobs?: KTJobInput[] | null;
  schedules?: (Loose<KTSchedule> & { cron: string })[] | null;
}

/** The seven words for where a job stands, as kube-transform has them. */
export type JobStatus =
  | 'Pending'
  | 'Running'
  | 'AwaitingDescendants'
  | 'Completed'
  | 'Failed'
  | 'DescendantFailed'
  | 'SkippedDueToUpstreamFailure';
