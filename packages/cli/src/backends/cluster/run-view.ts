/** A run in a cluster in words, from its summary. */
import type { FailureCause, JobStatus } from '@kube-transform/sdk';
import { type JobProgress, itemLabel, type RunStatus, whereOf } from '@kube-transform/runtime';
import type { ClusterSummary, KubeApi } from '@kube-transform/runtime/kubernetes';
import { printCause, printCompleted, printFailed, printResult } from '../../views/print-outcome.js';
import { coloured, duration, type Output, plural, statusText, table } from '../../terminal/output.js';
import { readableStack, type ReadableOptions } from '../../terminal/source-positions.js';
import { inNamespace } from '../../cluster/connect.js';
import { type ClusterRun, statusOf } from './find-runs.js';
import { type ControllerState, controllerState } from './controller-watch.js';
import { isOver } from './summary.js';

/** A run and who drives it. */
export interface ClusterView {
  run: ClusterRun;
  status: RunStatus;
  /** Not asked for where the run is over. */
  controller: ControllerState;
}

/** What `kt status --json` prints of a run in a cluster. */
export interface ClusterStatusJson {
  runId: string;
  pipeline: string;
  status: RunStatus;
  jobs: Record<string, { status: JobStatus; items: number | null; cause?: FailureCause; waiting?: string }>;
  /** Jobs that are not among these: the summary of a run of very many tells of those that matter. */
  moreJobs?: number;
  /** Why nobody drives the run, or what goes wrong and is tried again. */
  problem?: string;
}

const ROWS = 200;

/** Asks who drives a run. */
export async function viewClusterRun(api: KubeApi, run: ClusterRun): Promise<ClusterView> {
  const over = run.summary !== null && isOver(run.summary);
  const controller: ControllerState = over ? { is: 'well' } : await controllerState(api, run.runId);
  return {
    run,
    controller,
    status: statusOf(run.summary, controller.is !== 'gone' && controller.is !== 'failed'),
  };
}

/** The document of a run's status. */
export function clusterStatusJson(view: ClusterView): ClusterStatusJson {
  const { runId, config, summary } = view.run;
  const jobs = summary?.jobs ?? [];
  const more = countAll(summary) - jobs.length;
  const problem = problemOf(view);
  const entries = jobs.map(({ name, status, items, cause, waiting }) => [
    name,
    { status, items, ...(cause === undefined ? {} : { cause }), ...(waiting === null ? {} : { waiting }) },
  ]);
  return {
    runId,
    pipeline: config.pipeline,
    status: view.status,
    jobs: Object.fromEntries(entries) as ClusterStatusJson['jobs'],
    ...(more > 0 ? { moreJobs: more } : {}),
    ...(problem === null ? {} : { problem }),
  };
}

/** Prints a run: its jobs, what they wait for, what failed and how to go on. */
export function printClusterStatus(
  view: ClusterView,
  output: Output,
  { api, stacks }: { api: KubeApi; stacks: ReadableOptions },
): void {
  const { run, status } = view;
  const { runId, config, summary } = run;
  const begun = summary !== null && summary.updatedMs > 0;
  const took = begun
    ? `, ${status === 'Running' ? 'for' : 'took'} ${duration(summary.updatedMs - config.createdAtMs)}`
    : '';
  output.out(`run ${runId}: ${coloured(status, status)}  (${inNamespace(api)})`);
  const repeats = config.from === null ? '' : `, repeats ${config.from}`;
  output.out(
    `pipeline "${config.pipeline}", begun ${new Date(config.createdAtMs).toISOString()}${took}${repeats}`,
  );
  if (summary !== null) printJobs(summary, output);
  const problem = problemOf(view);
  if (problem !== null) output.out(coloured('Interrupted', problem));
  if (summary !== null) printClusterFailures(summary, output, stacks);
  if (status === 'Interrupted') output.out(`Go on with it:           kt submit --resume ${runId}`);
  if ((summary?.failures.length ?? 0) > 0) output.out(`See what they printed:   kt logs ${runId} --failed`);
  if (status === 'Failed') output.out(`Repeat only what failed: kt retry ${runId} --failed`);
}

function printJobs(summary: ClusterSummary, output: Output): void {
  const { jobs } = summary;
  const shown = jobs.length <= ROWS ? jobs : [...jobs].sort((a, b) => rank(a) - rank(b)).slice(0, ROWS);
  if (shown.length > 0)
    output.out(table(shown.map(job => [`  ${statusText(job.status)}`, job.name, counts(job)])));
  const hidden = countAll(summary) - shown.length;
  if (hidden > 0) output.out(`  … and ${plural(hidden, 'more step')}`);
  for (const { name, waiting } of shown)
    if (waiting !== null) output.out(coloured('Interrupted', `${name}: waiting because ${waiting}`));
}

const countAll = (summary: ClusterSummary | null): number =>
  Object.values(summary?.counts ?? {}).reduce((sum, n) => sum + n, 0);
const rank = ({ status, waiting }: JobProgress): number =>
  status === 'Failed' ? 0 : waiting !== null ? 1 : status === 'Completed' ? 3 : 2;

function counts({ items, done, failed, retried, skipped }: JobProgress): string {
  if (items === null) return '';
  const parts = [
    `${(done + failed).toLocaleString('en-US')}/${plural(items, 'item')}`,
    failed > 0 ? coloured('Failed', `${failed} failed`) : '',
    retried > 0 ? `${retried} retried` : '',
    skipped > 0 ? `${skipped} done before` : '',
  ];
  return parts.filter(part => part !== '').join('  ');
}

/** Why nobody drives a run, or what stands in its way. */
function problemOf({ run: { summary }, controller, status }: ClusterView): string | null {
  if (summary !== null && isOver(summary)) return null;
  switch (controller.is) {
    case 'gone':
      return summary?.problem ?? 'Nobody drives it: its controller is gone.';
    case 'failed':
      return `Its controller failed, and Kubernetes does not start it again: ${summary?.problem ?? controller.words}`;
    case 'restarting':
      return `Its controller ended, and Kubernetes starts it again: ${controller.words}`;
    case 'waiting':
      return `Its controller has not started, because ${controller.waiting.message}. ${controller.waiting.remedy}`;
    case 'well':
      return (
        summary?.trouble ?? (status === 'Running' && summary === null ? 'Its controller is starting.' : null)
      );
  }
}

/** Prints how a run ended, and how to go on. */
export function printClusterOutcome(
  summary: ClusterSummary,
  output: Output,
  stacks: ReadableOptions = {},
): void {
  const { runId, status, startedMs, updatedMs, jobs, result } = summary;
  const took = duration(updatedMs - startedMs);
  if (status === 'Completed') {
    printResult(result, output);
    const tolerated = jobs.reduce((sum, job) => sum + job.failed, 0);
    printCompleted({ runId, took, jobs: countAll(summary), tolerated }, output);
    return;
  }
  if (status === 'Cancelled') {
    output.out(`${coloured(status, 'Cancelled')} after ${took}. Run ${runId}`);
    return;
  }
  for (const { name, cause } of jobs)
    if (cause !== undefined) printCause(output, { job: name, cause }, stacks);
  printClusterFailures(summary, output, stacks);
  const failed = summary.counts.Failed ?? 0;
  const skipped = summary.counts.SkippedDueToUpstreamFailure ?? 0;
  printFailed({ runId, status, took, failed, skipped }, output);
}

/** Failures by kind. */
export function printClusterFailures(
  { failures }: ClusterSummary,
  output: Output,
  stacks: ReadableOptions = {},
): void {
  if (failures.length === 0) return;
  output.out(coloured('Failed', 'Failures:'));
  for (const { count, message, where, examples } of failures) {
    const more = count > examples.length ? ', …' : '';
    const cause = examples[0]?.cause;
    const inner = cause?.kind === 'ItemsFailed' ? cause.first : cause;
    const place =
      (inner === undefined ? null : whereOf(inner, stack => readableStack(stack, stacks))) ?? where;
    output.out(
      `  ${count.toLocaleString('en-US')} × ${message}${place === null ? '' : ` in ${place}`}  (${examples.map(itemLabel).join(', ')}${more})`,
    );
  }
}
