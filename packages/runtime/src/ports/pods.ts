/** What pods and a controller say to each other, as types. */
import type { KTJob } from '@kube-transform/sdk';

/** A job as an executor gets it: what to run is in the store, under (run, job). */
export interface JobOrder {
  readonly runId: string;
  readonly pipeline: string;
  readonly job: KTJob;
  /** Number of calls, at least 1. */
  readonly items: number;
  /** Calls per pod; the executor's choice where the job has none, kept for the life of the run. */
  readonly itemsPerPod: number;
  /** Whatever was made or kept before the run began counts for nothing: its items run. */
  readonly isForced?: true;
}

/**
 * A worker's word to the controller: pod `pod` of this job has stored something. It only wakes; the store is
 * the truth.
 */
export interface Hint {
  job: string;
  pod: number;
  /** The last segment of its results, where the pod has ended. */
  last?: number;
  /** What that segment holds, where it is small. */
  segment?: string;
}

/** A pod asks for more to do: it is index `index` of the Job of wave `wave`. */
export interface AssignmentRequest {
  job: string;
  wave: number;
  index: number;
  /** What it has done, as a hint says it; absent where it has done nothing. */
  done?: Omit<Hint, 'job'> & { last: number };
  /**
   * It has just begun, and is told of its step too. `first`: Kubernetes has begun no other for this index;
   * `again`: it has, or may have.
   */
  begins?: 'first' | 'again';
}

/** A warm pod, which is of no step, asks for something to do. */
export interface WarmRequest {
  /** Name of its Job. */
  warm: string;
  index: number;
  uid: string;
  /** What it has done, as a hint says it; absent where it has done nothing. */
  done?: Hint & { last: number };
}

/** What it is given; null: nothing is left. The rest spares it requests to the store. */
export interface Assignment {
  pod: number | null;
  /** Of a warm pod: the name of the step. */
  job?: string;
  /** There is nothing yet: it is to ask again. */
  isLater?: true;
  /** Of who begins: its step. */
  step?: JobOrder;
  /** The pod's lines of `items.jsonl`. */
  items?: string;
  /** Nobody has begun this pod of the step before: nothing of it is in the store. */
  isNew?: true;
}

/** Where the controller of a run listens for hints, as the store holds it. */
export interface HintAddress {
  host: string;
  port: number;
  token: string;
  /** That of its claim to the run: an older one does not take its place. Default: 0. */
  epoch?: number;
}

/**
 * How a pod or a worker process ended. done: all its items are decided; disrupted: not its fault; unstored:
 * its store failed; broken: something else that it cannot do without; unfit: its code is not that of the run;
 * memory: it ran out of it; deadline: an attempt outlived its timeout; crashed: its own doing.
 */
export type PodEndKind =
  'done' | 'disrupted' | 'unstored' | 'broken' | 'unfit' | 'memory' | 'deadline' | 'crashed';

/** What a pod leaves behind of itself when it ends. */
export interface TerminationNote {
  /** Items that had begun and not returned. */
  begun: number[];
  /** The item whose attempt outlived its timeout, where that is why the process ended. */
  deadline?: number;
  message?: string;
  /** The last segment of its results, where all of them are stored. */
  last?: number;
  /** What it is at, where it takes one after another. */
  pod?: number;
  /** Of which step that is, where it takes those of many. */
  job?: string;
}
