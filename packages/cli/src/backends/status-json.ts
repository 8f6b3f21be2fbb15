/** A run's status as a document: what `kt status --json` prints, wherever the run is. */
import { type FailureCause, type JobStatus, omitUndefined } from '@kube-transform/sdk';
import type { RunStatus, RunSummary } from '@kube-transform/runtime';
import { isOver, jobCount } from '@kube-transform/runtime/internal';

/** What `kt status --json` prints of a run, wherever it is. */
export interface StatusJson {
  /** Its whole id. */
  runId: string;
  /** Its name. */
  pipeline: string;
  /** Interrupted: nobody drives it, and it can be resumed. */
  status: RunStatus;
  /** Its steps by name, in their order. */
  jobs: Record<
    string,
    {
      /** How it stands. */
      status: JobStatus;
      /** Null while it is not known. */
      items: number | null;
      /** Items that succeeded, those that were skipped among them. */
      done: number;
      /** Items that failed for good. */
      failed: number;
      /** Items that were done before: their results or files were there. Default: 0. */
      skipped?: number;
      /** Those of them whose result was not kept, so that it is null. Default: 0. */
      unkept?: number;
      /** Why it failed. */
      cause?: FailureCause;
      /** Why no pod of it has started. */
      waiting?: string;
    }
  >;
  /** Jobs that are not among these: of very many those are told that matter. */
  moreJobs?: number;
  /** Why nobody drives the run, or what goes wrong and is tried again. */
  problem?: string;
}

/** The document of a run's status. */
export function statusJson(summary: RunSummary): StatusJson {
  const { runId, pipeline, status, jobs } = summary;
  const more = jobCount(summary) - jobs.length;
  const problem = problemOf(summary);
  return {
    runId,
    pipeline,
    status,
    jobs: Object.fromEntries(
      jobs.map(({ name, status: of, items, done, failed, skipped, unkept, cause, waiting }) => [
        name,
        omitUndefined({
          status: of,
          items,
          done,
          failed,
          skipped: skipped || undefined,
          unkept: unkept || undefined,
          cause,
          waiting: waiting ?? undefined,
        }),
      ]),
    ),
    ...omitUndefined({ moreJobs: more > 0 ? more : undefined, problem: problem ?? undefined }),
  };
}

/** Why nobody drives a run, or what goes wrong and is tried again; null where it has ended. */
export const problemOf = (summary: RunSummary): string | null =>
  isOver(summary) ? null : (summary.problem ?? summary.trouble);
