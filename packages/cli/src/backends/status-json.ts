/** A run's status as a document: what `kt status --json` prints, wherever the run is. */
import { type FailureCause, type JobStatus, omitUndefined } from '@kube-transform/sdk';
import type {
  FailedItem,
  FailureGroup,
  PodAtWork,
  Resolve,
  RunStatus,
  RunSummary,
} from '@kube-transform/runtime';
import { failureOf, isOver, jobCount, toldFailures, whereOf } from '@kube-transform/runtime/internal';

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
  /** What failed, by kind, as the text of `kt status` groups it: never more than 20 kinds. */
  failures: {
    /** The most frequent first; empty where nothing has failed. Texts are cut at 2000 characters. */
    groups: {
      /** Why they failed, such as `Threw`; null where that is not known. */
      kind: FailureCause['kind'] | null;
      /** How many failed so: items, or steps as a whole. */
      count: number;
      /** What was said; where that differs, `‹n›` stands for a number and `‹…›` for anything. */
      message: string;
      /** File and line of the first frame in the user's files; null where none is known. */
      where: string | null;
      /** Up to three: step, item (null for the step as a whole), cause, and the pod where one is known. */
      examples: FailedItem[];
    }[];
    /** How many failures are of none of these kinds. */
    omitted: number;
  };
  /** The pods that run it now, at most 50 of them; absent where the run has ended, or is in no cluster. */
  pods?: PodAtWork[];
  /** Why nobody drives the run, or what goes wrong and is tried again. */
  problem?: string;
}

/**
 * The document of a run's status.
 *
 * @param resolve makes stacks readable for `where`. Default: it is as the run's backend tells it.
 */
export function statusJson(summary: RunSummary, resolve?: Resolve): StatusJson {
  const { runId, pipeline, status, jobs, pods } = summary;
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
    ...omitUndefined({ moreJobs: more > 0 ? more : undefined }),
    failures: failuresOf(summary, resolve),
    ...omitUndefined({ pods, problem: problem ?? undefined }),
  };
}

function failuresOf({ failures, moreFailures }: RunSummary, resolve?: Resolve): StatusJson['failures'] {
  const { groups, omitted } = toldFailures(failures, {
    more: moreFailures ?? 0,
    placeOf: group => placeOf(group, resolve),
  });
  const told = groups.map(({ count, message, where, examples }) => ({
    ...{ kind: causeOf({ examples })?.kind ?? null, count, message, where },
    examples: examples.map(failureOf),
  }));
  return { groups: told, omitted };
}

/** Why the first of a group failed; of a step whose items failed, why an item did. */
function causeOf({ examples: [example] }: Pick<FailureGroup, 'examples'>): FailureCause | undefined {
  const cause = example?.cause;
  return cause?.kind === 'ItemsFailed' ? cause.first : cause;
}

/** Where failures of a group happened, in the user's files where these are here. */
export function placeOf(group: FailureGroup, resolve?: Resolve): string | null {
  const cause = causeOf(group);
  const own = cause === undefined || resolve === undefined ? null : whereOf(cause, resolve);
  return own ?? group.where;
}

/** Why nobody drives a run, or what goes wrong and is tried again; null where it has ended. */
export const problemOf = (summary: RunSummary): string | null =>
  isOver(summary) ? null : (summary.problem ?? summary.trouble);
