/** What a run came to, in a few lines: the result, or what failed and how to go on. */
import type { FailureCause } from '@kube-transform/sdk';
import type { Resolve, RunSummary } from '@kube-transform/runtime';
import { jobCount } from '@kube-transform/runtime/internal';
import type { RunRef } from '../backends/backend.js';
import { bundleDirOf } from '../project/bundle-dir.js';
import { coloured, duration, type Output, plural, printText } from '../terminal/output.js';
import { stackReader } from '../terminal/source-positions.js';
import { printFailures } from './print-status.js';
import { shellWord } from '../terminal/plain-text.js';

const RESULT_LINES = 25;
const FRAMES = 4;
const SHOWN_LIMITS = 5;

/** Prints how a run ended, or that it was left, and how to go on. */
export function printOutcome(summary: RunSummary, run: RunRef, output: Output): void {
  const { runId, status, startedMs, updatedMs, jobs, counts, result } = summary;
  const took = duration((updatedMs ?? startedMs) - startedMs);
  if (status === 'Interrupted') {
    const resume = `${run.verb} --resume ${shellWord(runId)}`;
    output.out(`${coloured(status, 'Interrupted')} – nothing is lost. Go on with: ${resume}`);
    return;
  }
  if (status === 'Cancelled') {
    output.out(`${coloured(status, 'Cancelled')} after ${took}. Run ${runId}`);
    return;
  }
  if (status === 'Completed') {
    if (result !== null) printText(output, clip(JSON.stringify(result, null, 2)));
    const tolerated = jobs.reduce((sum, { failed }) => sum + failed, 0);
    const most = jobs.filter(({ failed, maxFailed }) => failed > 0 && maxFailed !== 0);
    const limits = most.map(({ name, failed, maxFailed }) => `${name}: ${failed} of at most ${maxFailed}`);
    const why = limits.length === 0 ? '' : ` (${limits.slice(0, SHOWN_LIMITS).join(', ')})`;
    const allowed = tolerated > 0 ? `, ${plural(tolerated, 'item')} failed as allowed${why}` : '';
    output.out(
      `${coloured(status, 'Completed')} in ${took}: ${plural(jobCount(summary), 'step')}${allowed}. Run ${runId}`,
    );
    if (tolerated > 0) output.out(`  repeat what failed: kt retry ${shellWord(runId)} --failed`);
    return;
  }
  const resolve = stackReader({ bundleDir: bundleDirOf(run.source) });
  for (const { name, cause } of jobs) if (cause !== undefined) printCause(output, { name, cause, resolve });
  printFailures(summary, run, output);
  const { Failed: failed = 0, SkippedDueToUpstreamFailure: skipped = 0 } = counts;
  const left = skipped > 0 ? `, ${skipped} skipped` : '';
  output.out(`${coloured('Failed', status)} after ${took}: ${plural(failed, 'step')} failed${left}.`);
  output.out(`  see what they printed:   kt logs ${shellWord(runId)} --failed`);
  output.out(`  repeat only what failed: kt retry ${shellWord(runId)} --failed`);
}

/** Why a step failed, and where. */
function printCause(
  output: Output,
  { name, cause, resolve }: { name: string; cause: FailureCause; resolve: Resolve },
): void {
  output.out(`${coloured('Failed', `✗ ${name}`)}: ${cause.message}`);
  const inner = cause.kind === 'ItemsFailed' ? cause.first : cause;
  if (inner.kind !== 'Threw' || inner.stack === undefined) return;
  const frames = resolve(inner.stack)
    .split('\n')
    .slice(1, 1 + FRAMES);
  for (const frame of frames) output.out(coloured('Pending', `  ${frame}`));
}

function clip(text: string): string {
  const lines = text.split('\n');
  return lines.length <= RESULT_LINES
    ? text
    : [...lines.slice(0, RESULT_LINES), `… ${lines.length - RESULT_LINES} more lines`].join('\n');
}
