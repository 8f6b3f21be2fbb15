/** How a run stands: the one model that is read from a store, reported by a cluster and shown to people. */
import { type FailureCause, isKtError, type JobStatus, type Json, type Problem } from '@kube-transform/sdk';
import type { RunStatus } from '../ports/index.js';
import type { FailureGroup } from './failure-groups.js';

/** How far a job of a run is. */
export interface JobProgress {
  /** Its name in the document. */
  name: string;
  /** The job that spawned it; null for a job of the pipeline, and where that is not told. */
  parent: string | null;
  /** How it stands. */
  status: JobStatus;
  /** Null while it is not known, because the job has not begun. */
  items: number | null;
  /** Items that succeeded. */
  done: number;
  /** Items that failed for good. */
  failed: number;
  /** How many may fail, or which share of them, such as `5%`. */
  maxFailed: number | string;
  /** Attempts beyond the first of each item. */
  retried: number;
  /** Items that were done before: their results or files were there. */
  skipped: number;
  /** Those of them whose result was not kept, so that it is null. */
  unkept: number;
  /** Items that an earlier process of the run had ended. */
  before: number;
  /** Milliseconds since 1970; null where it is not known. */
  startedMs: number | null;
  /** Why it failed. */
  cause: FailureCause | undefined;
  /** Why no pod of it has started, in words. */
  waiting: string | null;
}

/** A pod of Kubernetes that runs items of a run now. */
export interface PodAtWork {
  /** Its name. */
  name: string;
  /** Its step; null where it runs those of many. */
  job: string | null;
}

/** How a run stands. Times are milliseconds since 1970. */
export interface RunSummary {
  /** Its whole id. */
  runId: string;
  /** Name of its pipeline. */
  pipeline: string;
  /** Interrupted: nobody drives it, and it can be resumed. */
  status: RunStatus;
  /** The run of which it repeats what failed; null for any other, and where a list does not tell. */
  retryOf: string | null;
  /** When it was made. */
  createdMs: number;
  /** When the process that drives it began. */
  startedMs: number;
  /** When it last moved; null where it has not begun. */
  updatedMs: number | null;
  /** Of very many jobs those that matter; `counts` counts all. Lists may leave them out. */
  jobs: JobProgress[];
  /** All jobs by status; empty where the run has not begun. */
  counts: Partial<Record<JobStatus, number>>;
  /** What failed, by kind, the most frequent first. Lists may leave it out. */
  failures: FailureGroup[];
  /** Failures of kinds that are not among these: a cluster tells of the most frequent ones. Default: 0. */
  moreFailures?: number | undefined;
  /**
   * What a completed run came to: the result of its last step, where that is one call and not large; else
   * null.
   */
  result: Json;
  /** What failed last, in words. */
  lastError: string | null;
  /** Why nobody drives the run, in words. */
  problem: string | null;
  /** Something that goes wrong and is tried again. */
  trouble: string | null;
  /** The pods that run it now, at most 50 of them; absent where that is not told: it is not in a cluster. */
  pods?: PodAtWork[] | undefined;
  /** Why it cannot be read: nothing else is known of it. Only lists have such runs. */
  unreadable: Problem | null;
}

/** What is known of a run before it begins. */
export type NewSummary = Pick<RunSummary, 'runId' | 'pipeline' | 'createdMs' | 'retryOf'>;

/** What the controller of a run in a cluster reports; the rest is in the run's ConfigMap from the start. */
export type ReportedSummary = Omit<RunSummary, 'createdMs' | 'retryOf' | 'pods' | 'unreadable'>;

/** A run that has not begun. */
export function newRunSummary(run: NewSummary): RunSummary {
  return {
    ...run,
    status: 'Running',
    startedMs: run.createdMs,
    updatedMs: null,
    jobs: [],
    counts: {},
    failures: [],
    result: null,
    lastError: null,
    problem: null,
    trouble: null,
    unreadable: null,
  };
}

/** A job that has not begun. */
export function newJobProgress(name: string): JobProgress {
  return {
    name,
    parent: null,
    status: 'Pending',
    items: null,
    done: 0,
    failed: 0,
    retried: 0,
    skipped: 0,
    unkept: 0,
    maxFailed: 0,
    before: 0,
    startedMs: null,
    cause: undefined,
    waiting: null,
  };
}

/** Jobs by status. */
export function countJobs(jobs: Iterable<Pick<JobProgress, 'status'>>): RunSummary['counts'] {
  const counts: RunSummary['counts'] = {};
  for (const { status } of jobs) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const ENDED = 3;
const RANKS: Partial<Record<JobStatus, number>> = {
  Failed: 0,
  Running: 1,
  AwaitingDescendants: 1,
  Pending: 2,
};

/** The jobs that tell most, of more than so many: what failed, then what is under way, then the rest. */
export function mostTelling(jobs: readonly JobProgress[], most: number): readonly JobProgress[] {
  if (jobs.length <= most) return jobs;
  const rank = ({ status }: JobProgress): number => RANKS[status] ?? ENDED;
  return [...jobs].sort((a, b) => rank(a) - rank(b)).slice(0, most);
}

/** How many jobs a run has, those included that its summary does not tell one by one. */
export const jobCount = ({ counts }: Pick<RunSummary, 'counts'>): number =>
  Object.values(counts).reduce((sum, n) => sum + n, 0);

/** True for a run that has ended: nothing more comes. An interrupted run may go on. */
export const isOver = ({ status }: Pick<RunSummary, 'status'>): boolean =>
  status !== 'Running' && status !== 'Interrupted';

const UNREADABLE: ReadonlySet<string> = new Set(['BAD_RUN', 'NEWER_FORMAT']);

/** Whether an error says that a run cannot be read, for what is in its files. */
export const isUnreadable = (error: unknown): boolean => isKtError(error) && UNREADABLE.has(error.code);

/** A run in a list that cannot be read. @throws the error where that is not the reason. */
export function unreadableRun(run: { runId: string; createdMs: number }, error: unknown): RunSummary {
  const [problem] = isKtError(error) ? error.problems : [];
  if (problem === undefined || !isUnreadable(error)) throw error;
  const pipeline = problem.code === 'NEWER_FORMAT' ? '(of a newer kt)' : '(unreadable)';
  return {
    ...newRunSummary({ ...run, pipeline, retryOf: null }),
    status: 'Interrupted',
    unreadable: problem,
  };
}
