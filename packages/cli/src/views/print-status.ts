/** A run as `kt status` shows it: its steps, what they wait for, what failed, and how to go on. */
import type { FailedItem, JobProgress, RunSummary } from '@kube-transform/runtime';
import { itemLabel, jobCount, mostTelling, systemClock } from '@kube-transform/runtime/internal';
import { HERE, type RunRef } from '../backends/backend.js';
import { placeOf, problemOf, statusJson } from '../backends/status-json.js';
import { bundleDirOf } from '../project/bundle-dir.js';
import { coloured, duration, type Output, plural, printText, statusText, table } from '../terminal/output.js';
import { skippedCounts } from '../terminal/reporters.js';
import { stackReader } from '../terminal/source-positions.js';
import { shellWord } from '../terminal/plain-text.js';

const ROWS = 200;
const GROUPS = 10;
const PODS = 3;

/** How long a run has gone on: until now, or until it last moved; null where it has not begun, and ended. */
export function elapsedMs(
  { status, createdMs, updatedMs }: Pick<RunSummary, 'status' | 'createdMs' | 'updatedMs'>,
  nowMs = systemClock.nowMs(),
): number | null {
  if (status === 'Running') return Math.max(0, nowMs - createdMs);
  return updatedMs === null ? null : updatedMs - createdMs;
}

/** Prints a run. */
export function printStatus(summary: RunSummary, run: RunRef, output: Output): void {
  const { runId, pipeline, status, createdMs, updatedMs, retryOf, failures } = summary;
  const problem = problemOf(summary);
  const tookMs = elapsedMs({ status, createdMs, updatedMs });
  const took = tookMs === null ? '' : `, ${status === 'Running' ? 'for' : 'took'} ${duration(tookMs)}`;
  const repeats = retryOf === null ? '' : `, repeats ${retryOf}`;
  output.out(`run ${runId}: ${coloured(status, status)}${run.where === HERE ? '' : `  (${run.where})`}`);
  output.out(`pipeline "${pipeline}", begun ${new Date(createdMs).toISOString()}${took}${repeats}`);
  printSteps(summary, output);
  if (problem !== null) output.out(coloured('Interrupted', problem));
  printFailures(summary, run, output);
  if (status === 'Interrupted')
    output.out(`Go on with it:           ${run.verb} --resume ${shellWord(runId)}`);
  if (failures.length > 0) output.out(`See what they printed:   kt logs ${shellWord(runId)} --failed`);
  if (status === 'Failed' || (status === 'Completed' && failures.length > 0))
    output.out(`Repeat only what failed: kt retry ${shellWord(runId)} --failed`);
}

/** Prints a run as a document. */
export const printStatusJson = (summary: RunSummary, { source }: RunRef, output: Output): void =>
  output.out(JSON.stringify(statusJson(summary, stackReader({ bundleDir: bundleDirOf(source) }))));

function printSteps(summary: RunSummary, output: Output): void {
  const { jobs } = summary;
  const shown = mostTelling(jobs, ROWS);
  if (shown.length > 0)
    printText(output, table(shown.map(job => [`  ${statusText(job.status)}`, job.name, counts(job)])));
  const hidden = jobCount(summary) - shown.length;
  if (hidden > 0) output.out(`  … and ${plural(hidden, 'more step')}`);
  for (const { name, waiting } of shown)
    if (waiting !== null) output.out(coloured('Interrupted', `${name}: waiting because ${waiting}`));
  printPods(summary, output);
}

/** Names the pods that work, as one looks into them with kubectl: of each step some. */
function printPods({ pods = [] }: RunSummary, output: Output): void {
  const byJob = new Map<string | null, string[]>();
  for (const { name, job } of pods) byJob.set(job, [...(byJob.get(job) ?? []), name]);
  for (const [job, names] of byJob) {
    const more = names.length > PODS ? ', …' : '';
    output.out(`${job ?? 'steps that share pods'}: runs in ${names.slice(0, PODS).join(', ')}${more}`);
  }
}

function counts(job: JobProgress): string {
  const { items, done, failed, retried, maxFailed } = job;
  if (items === null) return '';
  // An empty list, or one that nobody needs: what waits for it has been made before.
  if (items === 0) return 'nothing to do';
  const allowed = maxFailed === 0 ? '' : ` (${maxFailed} may)`;
  const parts = [
    `${(done + failed).toLocaleString('en-US')}/${plural(items, 'item')}`,
    failed > 0 ? coloured('Failed', `${failed} failed`) + allowed : '',
    retried > 0 ? `${retried} retried` : '',
    ...skippedCounts(job),
  ];
  return parts.filter(part => part !== '').join('  ');
}

/** Prints failures by kind, the most frequent first. */
export function printFailures(
  { failures, moreFailures = 0 }: RunSummary,
  { source }: RunRef,
  output: Output,
): void {
  if (failures.length === 0) return;
  const resolve = stackReader({ bundleDir: bundleDirOf(source) });
  output.out(coloured('Failed', 'Failures:'));
  for (const group of failures.slice(0, GROUPS)) {
    const { count, message, examples } = group;
    const more = count > examples.length ? ', …' : '';
    const isOne = count === 1;
    const position = placeOf(group, resolve);
    output.out(
      `  ${count.toLocaleString('en-US')} × ${message}${position === null ? '' : ` in ${position}`}` +
        `  (${(isOne ? examples : examples.map(withoutPod)).map(itemLabel).join(', ')}${more})`,
    );
  }
  const rest = failures.slice(GROUPS);
  const many = rest.reduce((sum, { count }) => sum + count, moreFailures);
  if (moreFailures > 0) output.out(`  … and ${plural(many, 'failure')} of other kinds`);
  else if (rest.length > 0) output.out(`  … and ${plural(rest.length, 'more kind')}`);
}

/** Of many the names of their pods say little: `kt logs --failed` and JSON have them. */
const withoutPod = ({ job, item }: FailedItem): Pick<FailedItem, 'job' | 'item'> => ({ job, item });
