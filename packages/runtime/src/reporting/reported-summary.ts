/** The report of a controller: how a run of a cluster stands, as the run's ConfigMap holds it. */
import { CAUSE } from '../parse/failure-cause.js';
import { Format } from '../parse/format.js';
import {
  count,
  json,
  list,
  nullOr,
  number,
  optional,
  orElse,
  record,
  type Shape,
  table,
  text,
} from '../parse/shapes.js';
import { countOrText, JOB_STATUS } from '../parse/stored-job.js';
import { RUN_STATUS } from '../run-store/state-file.js';
import type { FailedItem, FailureGroup } from './failure-groups.js';
import {
  type JobProgress,
  newRunSummary,
  type NewSummary,
  type ReportedSummary,
  type RunSummary,
} from './run-summary.js';

const zero = orElse(count, 0);
const words = orElse(nullOr(text), null);

/** The shape of how far a job is: of what is not told, nothing has happened. */
const JOB_PROGRESS = record<JobProgress>({
  name: text,
  parent: words,
  status: JOB_STATUS,
  items: orElse(nullOr(count), null),
  done: zero,
  failed: zero,
  retried: zero,
  skipped: zero,
  unkept: zero,
  maxFailed: orElse(countOrText, 0),
  before: zero,
  startedMs: orElse(nullOr(number), null),
  cause: optional(CAUSE),
  waiting: words,
});
const FAILED_ITEM = record<FailedItem>({
  job: text,
  item: nullOr(count),
  cause: CAUSE,
  podName: optional(text),
});

/** The report of a controller, in the run's ConfigMap. */
const REPORT = new Format<ReportedSummary>({
  name: 'report of a run',
  code: 'BAD_RUN',
  hint: 'Its controller writes it anew while it drives the run: kt submit --resume RUN.',
  shape: record<ReportedSummary>({
    runId: orElse(text, ''),
    pipeline: orElse(text, ''),
    status: RUN_STATUS,
    startedMs: orElse(number, 0),
    updatedMs: orElse(number, 0),
    jobs: orElse(list(JOB_PROGRESS), []),
    counts: orElse(table(count) as Shape<RunSummary['counts']>, {}),
    failures: orElse(
      list(record<FailureGroup>({ count, message: text, where: nullOr(text), examples: list(FAILED_ITEM) })),
      [],
    ),
    moreFailures: optional(count),
    result: orElse(json, null),
    lastError: words,
    problem: words,
    trouble: words,
  }),
});

/** A report as the run's ConfigMap holds it. Other versions of `kt` read it too. */
export const formatSummary = (summary: ReportedSummary): string =>
  REPORT.text({ ...summary, updatedMs: summary.updatedMs ?? 0 });

/**
 * Reads a report that any version wrote: what it does not tell is as in a run that has not begun.
 *
 * @param file where it lies, for messages.
 * @throws KtError `NEWER_FORMAT`, `BAD_RUN`.
 */
export function parseSummary(told: string | undefined, run: NewSummary, file: string): RunSummary {
  const summary = newRunSummary(run);
  if (told === undefined) return summary;
  const { startedMs, updatedMs, ...rest } = REPORT.parse(told, file);
  return {
    ...summary,
    ...rest,
    ...run,
    startedMs: startedMs || summary.startedMs,
    updatedMs: updatedMs || null,
  };
}
