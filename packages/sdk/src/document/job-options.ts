/** Options of a job, from retries to what Kubernetes is told about its pods. */
import type { Json, JsonObject } from '../json.js';

/**
 * Waiting time before attempt n+1: `min(max, initial × factor^(n-1))`.
 *
 * @example
 * ```ts
 * const backoff: Backoff = { initial: '1s', factor: 2, max: '1m' };
 * ```
 */
export interface Backoff {
  /** Duration before the second attempt. Default `1s`. */
  initial: string;
  /** At least 1. Default 2. */
  factor: number;
  /** Longest wait, as a duration. Default `1m`. */
  max: string;
}

/**
 * What Kubernetes is told about a step's pods, beside memory and CPU; nothing by default.
 *
 * @example
 * ```ts
 * const kubernetes: KubernetesOptions = {
 *   nodeSelector: { 'node.kubernetes.io/instance-type': 'm7i.large' },
 *   tolerations: [{ key: 'batch', operator: 'Exists' }],
 *   startTimeout: '10m',
 * };
 * ```
 */
export interface KubernetesOptions {
  /** Labels that a node must have. */
  nodeSelector?: Record<string, string>;
  /** As in a pod spec. */
  tolerations?: JsonObject[];
  /** As in a pod spec. */
  affinity?: JsonObject;
  /** Name of a PriorityClass. */
  priorityClassName?: string;
  /** Name of a service account, instead of that of the context. */
  serviceAccountName?: string;
  /**
   * Disk of a pod, such as `20Gi`: what `context.scratch()` and `files.download` may take, nine tenths of it
   * for downloads. Default: what the node has.
   */
  ephemeralStorage?: string;
  /** Image, instead of that of the context. */
  image?: string;
  /** When the image is pulled. */
  imagePullPolicy?: 'Always' | 'IfNotPresent' | 'Never';
  /** LocalQueue of Kueue that admits the pods of the step, as many at once as it has room for. */
  queue?: string;
  /** Annotations of the pods. */
  annotations?: Record<string, string>;
  /** As in a container. */
  envFrom?: JsonObject[];
  /** As in a pod spec. */
  volumes?: JsonObject[];
  /** As in a container. */
  volumeMounts?: JsonObject[];
  /** Longest wait for a pod to start before the step fails, as a duration. */
  startTimeout?: string;
  /** Merge patch laid over the pod spec: the way out for what has no field here. */
  podPatch?: JsonObject;
  /** Merge patch laid over the step's container, before `podPatch`. */
  containerPatch?: JsonObject;
  /** Merge patch laid over the spec of the step's Jobs; what says which pods they have stays. */
  jobPatch?: JsonObject;
}

/**
 * Options of a job that kube-transform did not have; all have defaults.
 *
 * @example
 * ```ts
 * const options: Partial<JobOptions> = { retries: 2, timeout: '5m', maxFailed: '5%' };
 * ```
 */
export interface JobOptions {
  /** Further attempts after the first, per item. Default 0. */
  retries: number;
  /** How long to wait between attempts. */
  backoff: Backoff;
  /** Longest time for one attempt of one item, as a duration. Default null: none. */
  timeout: string | null;
  /** Items run by one pod, a fresh one for each so many. Default null: pods take what is left in turn. */
  itemsPerPod: number | null;
  /** Items in flight at once within one pod. Default null: the executor chooses. */
  concurrency: number | null;
  /** Pods at once. Default null: as many as the work is worth, up to the executor's limit. */
  parallelism: number | null;
  /** Items that may fail without failing the step: a count, or a percentage such as `5%`. Default 0. */
  maxFailed: number | string;
  /**
   * Stop the step's other items when more than `maxFailed` have failed for good: none begins any more, but
   * for those in other pods until they hear of it. Default false.
   */
  failFast: boolean;
  /**
   * Skip items that an earlier run has done with the same code and arguments; without effect where the code
   * has no digest, as in `runPipeline`. Default false.
   */
  cache: boolean;
  /**
   * Paths of files that an item makes; where all exist it is skipped, and one that is not there when it has
   * ended well fails it. May hold refs. Default none.
   */
  outputs: Json[];
  /**
   * Paths of files that an item reads, beside what the `outputs` of the steps before it name: one that is
   * newer than what the item made has it run again. May hold refs. Default none.
   */
  inputs: Json[];
  /**
   * Environment variables of the function; in one process, steps with others take turns. Default none.
   */
  env: Record<string, string>;
  /** Labels of Jobs and pods. Default none. */
  labels: Record<string, string>;
  /** GPUs of one pod. Default 0. */
  gpu: number;
  /**
   * Where it runs in a cluster. `pod`: in pods of its own. `controller`: in a process beside the run's
   * controller, within milliseconds; for short steps that plan and sum up. It has the step's memory, but no
   * options of Kubernetes; under a queue it runs in a pod. Default `pod`.
   */
  placement: 'pod' | 'controller';
  /**
   * Whose pods run it in a cluster. `step`: its own, which are a Job that bears its name. `run`: those that
   * all steps of the run share that would have the same pod, kept for seconds, so that a step need not wait
   * for a pod's start; without effect for containers, with `itemsPerPod` and under a queue. On this machine
   * processes are shared in any case. Default `step`.
   */
  reuse: 'step' | 'run';
  /** What else Kubernetes is told about the pods. */
  kubernetes: KubernetesOptions;
}
