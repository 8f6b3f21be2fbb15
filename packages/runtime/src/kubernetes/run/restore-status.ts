/**
 * Restores the report of a run that a controller takes up: what has ended is not announced again
 * by the loop.
 */
import { orderOf, readManifest } from '../../run-store/job-manifest.js';
import { JobTally } from '../../run-store/job-tally.js';
import type { FileStore } from '../../ports/index.js';
import type { RunRecord } from '../../run-store/run-record.js';
import { isOwnFailure } from '../../reporting/failure-groups.js';
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
): Promise<{ done: number; failed: number; retried: number }> {
  const { name, status, items, failed, cause } = job;
  const none = { done: 0, failed: 0, retried: 0 };
  if (items === null || items === 0) return none;
  if (status === 'Completed' || status === 'DescendantFailed')
    return { ...none, done: items - failed, failed };
  if (status !== 'Failed' || cause?.kind === 'Cancelled') return none;
  const manifest = await readManifest(store, runId, name);
  if (manifest === null) return none;
  const counts = { ...none };
  const tally = new JobTally(store, orderOf(manifest), event => {
    if (event.type === 'ItemSucceeded') counts.done++;
    else if (event.type === 'ItemRetrying') counts.retried++;
    else if (event.type === 'ItemFailed') {
      counts.failed++;
      report.restoreFailure({ job: name, item: event.item, cause: event.cause });
    }
  });
  await tally.refresh();
  return counts;
}
