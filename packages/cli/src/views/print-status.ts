/** A run as `kt status` shows it. */
import type { FailureCause, JobStatus } from '@kube-transform/sdk';
import { type FailedItem, groupFailures, itemLabel, type RunStatus } from '@kube-transform/runtime';
import { coloured, duration, type Output, plural, statusText, table } from '../terminal/output.js';
import type { JobView, RunView } from '../backends/local/run-view.js';
import { readableStack } from '../terminal/source-positions.js';

/** What `kt status --json` prints. */
export interface StatusJson {
  runId: string;
  pipeline: string;
  status: RunStatus;
  jobs: Record<string, { status: JobStatus; items: number | null; cause?: FailureCause }>;
}

const GROUPS = 10;
const ROWS = 200;

/** The document of a run's status. */
export function statusJson({ record, status, jobs }: RunView): StatusJson {
  const entries = jobs.map(
    ({ job, status: of, items, cause }) =>
      [job.name, { status: of, items, ...(cause === undefined ? {} : { cause }) }] as const,
  );
  return { runId: record.runId, pipeline: record.pipeline.name, status, jobs: Object.fromEntries(entries) };
}

/** Prints a run: its jobs, what failed and how to go on. */
export function printStatus({ view, failed }: { view: RunView; failed: FailedItem[] }, output: Output): void {
  const { record, status, jobs, updatedAtMs } = view;
  const took =
    updatedAtMs === null
      ? ''
      : `, ${status === 'Running' ? 'for' : 'took'} ${duration(updatedAtMs - record.createdAtMs)}`;
  output.out(`run ${record.runId}: ${coloured(status, status)}`);
  output.out(
    `pipeline "${record.pipeline.name}", begun ${new Date(record.createdAtMs).toISOString()}${took}${record.retryOf === null ? '' : `, repeats ${record.retryOf}`}`,
  );
  const shown = jobs.length <= ROWS ? jobs : [...jobs].sort((a, b) => rank(a) - rank(b)).slice(0, ROWS);
  if (jobs.length > 0)
    output.out(table(shown.map(job => [`  ${statusText(job.status)}`, job.job.name, counts(job)])));
  if (jobs.length > shown.length) output.out(`  … and ${plural(jobs.length - shown.length, 'more step')}`);
  printFailures(failed, output);
  if (status === 'Interrupted') output.out(`Go on with it:           kt run --resume ${record.runId}`);
  if (failed.length > 0) output.out(`See what they printed:   kt logs ${record.runId} --failed`);
  if (status === 'Failed') output.out(`Repeat only what failed: kt retry ${record.runId} --failed`);
}

const rank = ({ status }: JobView): number => (status === 'Failed' ? 0 : status === 'Completed' ? 2 : 1);

function counts({ items, done, failed, retried }: JobView): string {
  if (items === null) return '';
  const parts = [
    `${(done + failed).toLocaleString('en-US')}/${plural(items, 'item')}`,
    failed > 0 ? coloured('Failed', `${failed} failed`) : '',
    retried > 0 ? `${retried} retried` : '',
  ];
  return parts.filter(part => part !== '').join('  ');
}

function printFailures(failed: readonly FailedItem[], output: Output): void {
  const groups = groupFailures(failed, readableStack);
  if (groups.length > 0) output.out(coloured('Failed', 'Failures:'));
  for (const { count, message, where, examples } of groups.slice(0, GROUPS)) {
    const more = count > examples.length ? ', …' : '';
    output.out(
      `  ${count.toLocaleString('en-US')} × ${message}${where === null ? '' : ` in ${where}`}  (${examples.map(itemLabel).join(', ')}${more})`,
    );
  }
  if (groups.length > GROUPS) output.out(`  … and ${plural(groups.length - GROUPS, 'more kind')}`);
}
