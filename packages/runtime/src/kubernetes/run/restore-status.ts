/**
 * Restores the report of a run that a controller takes up: what has ended is not announced again
 * by the loop.
 */
import { orderOf, readManifest } from '../../run-store/job-manifest.js';
import { JobTally } from '../../run-store/job-tally.js';
import type { FileStore } from '../../ports/index.js';
import type { RunRecord } from '../../run-store/run-record.js';
import { failureOf, isOwnFailure } from '../../reporting/failure-groups.js';
import { readRun } from '../../reporting/read-run.js';
import type { JobProgress } from '../../reporting/run-summary.js';
import type { StatusReporter } from './status-reporter.js';

/** Tells all jobs of a run to its report, with the items of those that have ended. */
export async function restoreStatus(
  store: FileStore,
  record: RunRecord,
  report: StatusReporter,
): Promise<void> {
  const { jobs } = await readRun(store, record, { counts: () => false });
  for (const job of jobs) {
    const counts = await countsOf(store, record.runId, { job, report });
    if (job.cause !== undefined && counts.failed === 0 && isOwnFailure(job.cause))
      report.restoreFailure({ job: job.name, item: null, cause: job.cause });
    report.restoreJob({ ...job, ...counts });
  }
}

/** Items of a job that has ended; the items of others are told when they are found. */
async function countsOf(
  store: FileStore,
  runId: string,
  { job, report }: { job: JobProgress; report: StatusReporter },
): Promise<Pick<JobProgress, 'done' | 'failed' | 'retried' | 'skipped' | 'unkept'>> {
  const { name, status, items, failed, cause } = job;
  const none = { done: 0, failed: 0, retried: 0, skipped: 0, unkept: 0 };
  if (items === null || items === 0) return none;
  const hasSucceeded =
    status === 'Completed' || status === 'AwaitingDescendants' || status === 'DescendantFailed';
  if (!hasSucceeded && (status !== 'Failed' || cause?.kind === 'Cancelled')) return none;
  const succeeded = { ...none, done: items - failed, failed };
  const manifest = await readManifest(store, runId, name);
  if (manifest === null) return hasSucceeded ? succeeded : none;
  // Only where outputs were named may items have been skipped: the results of others need not be read.
  if (hasSucceeded && manifest.job.outputs.length === 0) return succeeded;
  const counts = { ...none };
  const tally = new JobTally(store, orderOf(manifest), event => {
    if (event.type === 'ItemSucceeded') {
      counts.done++;
      if (event.skipped) counts.skipped++;
      if (event.unkept === true) counts.unkept++;
    } else if (event.type === 'ItemRetrying') counts.retried++;
    else if (event.type === 'ItemFailed') {
      counts.failed++;
      if (!hasSucceeded) report.restoreFailure(failureOf(event));
    }
  });
  await tally.refresh();
  return counts;
}
