/** Facts, transitions and actions: what the core is told, and what it answers. */
import type { FailureCause, JobStatus, KTJob } from '@kube-transform/sdk';

/*
 * The vocabulary of the core. It imports nothing but types and names everything that can happen to a run.
 */

/** Something that happened. Facts are stored, may be repeated and may come late; they are never wrong. */
export type Fact =
  | { type: 'JobSubmitted'; job: string }
  | { type: 'JobSucceeded'; job: string; spawned?: readonly KTJob[]; failedItems?: number }
  | { type: 'JobFailed'; job: string; cause: FailureCause }
  | { type: 'RunCancelled'; reason: string };

const FACTS: Readonly<Record<Fact['type'], true>> = {
  JobSubmitted: true,
  JobSucceeded: true,
  JobFailed: true,
  RunCancelled: true,
};

/** Tells a fact from what else executors say. */
export const isFact = (said: { type: string }): said is Fact => Object.hasOwn(FACTS, said.type);

/** A change of a job's status, announced once. */
export interface Transition {
  job: string;
  from: JobStatus | null;
  to: JobStatus;
}

/** What the loop should do next. Doing it twice is safe. */
export type Action =
  | { type: 'submit'; job: KTJob }
  /** The job has nothing to run: record its success. */
  | { type: 'complete'; job: string }
  | { type: 'finish' };

/** What is stored of a job, beside its spec and parent. */
export type Own =
  | { state: 'waiting' }
  | { state: 'submitted' }
  | { state: 'succeeded'; failedItems: number }
  | { state: 'failed'; cause: FailureCause };
