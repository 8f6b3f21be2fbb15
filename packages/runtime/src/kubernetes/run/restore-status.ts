/**
 * Where a run stands when a controller takes it up, told to its report: what has ended is not announced again
 * by the loop.
 */
import { orderOf, readManifest } from '../../run-store/job-manifest.js';
import { JobTally } from '../../run-store/job-tally.js';
import type { FileStore } from '../../ports/index.js';
import type { RunRecord } from '../../run-store/run-record.js';
import { type JobView, readRunView } from '../../reporting/run-view.js';
import { isOwnFailure, type StatusReporter } from './status-reporter.js';

/** Tells all jobs of a run to its report, with the items of those that have ended. */
export async function restoreStatus(
  store: FileStore,
  record: RunRecord,
  report: StatusReporter,
): Promise<void> {
  const { jobs } = await readRunView(store, record, { counts: () => false });
  for (const view of jobs) {
    const { job, status, items, cause } = view;
    const counts = await countsOf(store, record.runId, { view, report });
    if (cause !== undefined && counts.failed === 0 && isOwnFailure(cause))
      report.restoreFailure({ job: job.name, item: null, cause });
    report.restoreJob({
      name: job.name,
      status,
      items,
      skipped: 0,
      before: 0,
      startedMs: null,
      cause,
      waiting: null,
      ...counts,
    });
  }
}

/** Items of a job that has ended; the items of others are told when they are found. */
async function countsOf(
  store: FileStore,
  runId: string,
  { view, report }: { view: JobView; report: StatusReporter },
): Promise<{ done: number; failed: number; retried: number }> {
  const { job, status, items, cause } = view;
  const none = { done: 0, failed: 0, retried: 0 };
  if (items === null || items === 0) return none;
  if (status === 'Completed' || status === 'DescendantFailed') return { ...none, done: items };
  if (status !== 'Failed' || cause?.kind === 'Cancelled') return none;
  const manifest = await readManifest(store, runId, job.name);
  if (manifest === null) return none;
  const counts = { ...none };
  const tally = new JobTally(store, orderOf(manifest), event => {
    if (event.type === 'ItemSucceeded') counts.done++;
    else if (event.type === 'ItemRetrying') counts.retried++;
    else if (event.type === 'ItemFailed') {
      counts.failed++;
      report.restoreFailure({ job: job.name, item: event.item, cause: event.cause });
    }
  });
  await tally.refresh();
  return counts;
}
