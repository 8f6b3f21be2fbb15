/** A run in a cluster in words, from its summary. */
import { placeOf } from '@kube-transform/runtime';
import type { ClusterSummary } from '@kube-transform/runtime/kubernetes';
import { coloured, duration, type Output, plural } from '../output.js';
import { readableStack } from '../source-positions.js';

/** Prints how a run ended, and how to go on. */
export function printClusterOutcome(summary: ClusterSummary, output: Output): void {
  const { runId, status, startedMs, updatedMs, counts, jobs } = summary;
  const took = duration(updatedMs - startedMs);
  const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
  if (status === 'Completed') {
    output.out(`${coloured(status, 'Completed')} in ${took}: ${plural(all, 'job')}. Run ${runId}`);
    return;
  }
  for (const { name, cause } of jobs) {
    if (cause === undefined) continue;
    output.out(`${coloured('Failed', `✗ ${name}`)}: ${cause.message}`);
    const inner = cause.kind === 'ItemsFailed' ? cause.first : cause;
    if (inner.kind === 'Threw' && inner.stack !== undefined) {
      for (const line of readableStack(inner.stack).split('\n').slice(1, 5)) output.out(coloured('Pending', `  ${line}`));
    }
  }
  printClusterFailures(summary, output);
  output.out(`${coloured('Failed', status)} after ${took}: ${plural(counts.Failed ?? 0, 'job')} failed.`);
  output.out(`  see what they printed:   kt logs ${runId} --failed`);
  output.out(`  repeat only what failed: kt retry ${runId} --failed`);
}

/** Failures by kind. */
export function printClusterFailures({ failures }: ClusterSummary, output: Output): void {
  if (failures.length === 0) return;
  output.out(coloured('Failed', 'Failures:'));
  for (const { count, message, where, examples } of failures) {
    const more = count > examples.length ? ', …' : '';
    output.out(`  ${count.toLocaleString('en-US')} × ${message}${where === null ? '' : ` in ${where}`}  (${examples.map(placeOf).join(', ')}${more})`);
  }
}
