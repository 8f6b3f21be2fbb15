/** The list of runs as `kt runs` shows it. */
import { formatProblem } from '@kube-transform/sdk';
import { jobCount } from '@kube-transform/runtime/internal';
import { elapsedMs } from './print-status.js';
import { HERE, type ListedRun, type RunBackend } from '../backends/backend.js';
import { coloured, duration, type Output, printText, table } from '../terminal/output.js';

/** A run as `kt runs --json` prints it; `where` is left out here. */
export const runJson = (run: ListedRun): object => ({
  runId: run.runId,
  pipeline: run.pipeline,
  status: run.status,
  jobs: run.counts,
  createdAtMs: run.createdMs,
  updatedAtMs: run.updatedMs,
  ...(run.unreadable === null ? {} : { problem: formatProblem(run.unreadable) }),
  ...(run.where === HERE ? {} : { where: run.where }),
});

/** Prints runs as a table; where they are, if they are not all where one would look. */
export function printRuns(runs: readonly ListedRun[], { name, verb }: RunBackend, output: Output): void {
  if (runs.length === 0) {
    output.out(`There are no runs in ${name === HERE ? 'this store' : name}. Begin one: ${verb} PIPELINE`);
    return;
  }
  const isMixed = runs.some(({ where }) => where !== name);
  const heading = ['RUN', 'PIPELINE', 'STATUS', 'STEPS', 'STARTED', 'TOOK', ...(isMixed ? ['WHERE'] : [])];
  const rows = runs.map(run => {
    const { runId, pipeline, status, counts, createdMs, where } = run;
    const total = jobCount(run);
    const done = total === 0 ? '–' : `${counts.Completed ?? 0}/${total}`;
    const tookMs = elapsedMs(run);
    const took = tookMs === null ? '–' : duration(tookMs);
    const begun = new Date(createdMs).toISOString().replace(/\.\d+Z$/, 'Z');
    return [runId, pipeline, coloured(status, status), done, begun, took, ...(isMixed ? [where] : [])];
  });
  printText(output, table([heading, ...rows]));
  for (const { runId, unreadable } of runs)
    if (unreadable !== null) output.err(`${runId}  ${formatProblem(unreadable)}`);
}
