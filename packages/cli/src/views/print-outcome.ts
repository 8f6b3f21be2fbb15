/** What a run came to, in a few lines: the result, or what failed and how to go on. */
import type { FailureCause, Json } from '@kube-transform/sdk';
import { readHeadline, readSummary, type RunStatus } from '@kube-transform/runtime';
import { coloured, duration, type Output, plural } from '../terminal/output.js';
import type { Session } from '../backends/local/drive-run.js';
import { readableStack, type ReadableOptions } from '../terminal/source-positions.js';

const RESULT_LINES = 25;

/** Prints how a run ended. */
export async function printOutcome(
  session: Session,
  { status, json }: { status: RunStatus; json: boolean },
): Promise<void> {
  const { record, store, output } = session;
  const { runId } = record;
  const summary = await readSummary(store, runId);
  if (json || summary === null) return;
  const took = duration(summary.updatedAtMs - record.createdAtMs);
  if (status === 'Interrupted') {
    output.out(`${coloured(status, 'Interrupted')} – nothing is lost. Go on with: kt run --resume ${runId}`);
    return;
  }
  const ended = Object.entries(summary.jobs);
  if (status === 'Completed') {
    printResult(await readHeadline(store, record), output);
    const tolerated = ended.reduce((sum, [, job]) => sum + (job.failed_items ?? 0), 0);
    printCompleted({ runId, took, jobs: ended.length, tolerated }, output);
    return;
  }
  for (const [name, job] of ended)
    if (job.cause !== undefined) printCause(output, { job: name, cause: job.cause as FailureCause });
  const failed = ended.filter(([, job]) => job.status === 'Failed').length;
  const skipped = ended.filter(([, job]) => job.status === 'SkippedDueToUpstreamFailure').length;
  printFailed({ runId, status, took, failed, skipped }, output);
}

/** The last line of a run that completed. */
export function printCompleted(
  run: { runId: string; took: string; jobs: number; tolerated: number },
  output: Output,
): void {
  const { runId, took, jobs, tolerated } = run;
  const allowed = tolerated > 0 ? `, ${plural(tolerated, 'item')} failed as allowed` : '';
  output.out(
    `${coloured('Completed', 'Completed')} in ${took}: ${plural(jobs, 'job')}${allowed}. Run ${runId}`,
  );
}

/** The last lines of a run that did not: how to go on. */
export function printFailed(
  run: { runId: string; status: RunStatus; took: string; failed: number; skipped: number },
  output: Output,
): void {
  const { runId, status, took, failed, skipped } = run;
  output.out(
    `${coloured('Failed', status)} after ${took}: ${plural(failed, 'job')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}.`,
  );
  output.out(`  see what they printed:   kt logs ${runId} --failed`);
  output.out(`  repeat only what failed: kt retry ${runId} --failed`);
}

/** Prints what a run came to; nothing where that is null. */
export function printResult(result: Json, output: Output): void {
  if (result !== null) output.out(clip(JSON.stringify(result, null, 2)));
}

/** Why a job failed, and where. */
export function printCause(
  output: Output,
  { job, cause }: { job: string; cause: FailureCause },
  stacks: ReadableOptions = {},
): void {
  output.out(`${coloured('Failed', `✗ ${job}`)}: ${cause.message}`);
  const inner = cause.kind === 'ItemsFailed' ? cause.first : cause;
  if (inner.kind !== 'Threw' || inner.stack === undefined) return;
  for (const line of readableStack(inner.stack, stacks).split('\n').slice(1, 5))
    output.out(coloured('Pending', `  ${line}`));
}

function clip(text: string): string {
  const lines = text.split('\n');
  return lines.length <= RESULT_LINES
    ? text
    : [...lines.slice(0, RESULT_LINES), `… ${lines.length - RESULT_LINES} more lines`].join('\n');
}
