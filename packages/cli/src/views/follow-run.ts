/**
 * A run of a store that another process drives, as the command line shows it. Ctrl-C leaves the run alone.
 */
import { type FileStore, type RunStatus, systemClock } from '@kube-transform/runtime';
import type { ClusterSummary } from '@kube-transform/runtime/kubernetes';
import { untilInterrupted } from './cluster-session.js';
import { eventsBetween } from '../backends/cluster/follow-run.js';
import type { Output } from '../terminal/output.js';
import { reporterFor } from '../terminal/reporters.js';
import { type RunView, viewFailures } from '../backends/local/run-view.js';
import { printStatus } from './print-status.js';

const EVERY_MS = 500;

/** Follows a run until it has ended or nobody drives it, or until Ctrl-C. */
export async function followLocal(
  store: FileStore,
  runId: string,
  { output, json }: { output: Output; json: boolean },
): Promise<RunStatus> {
  const reporter = reporterFor(json, output);
  let found = await viewFailures(store, runId);
  let last: ClusterSummary | null = null;
  const { left } = await untilInterrupted(async signal => {
    try {
      for (;;) {
        const now = summaryOf(found.view);
        for (const event of eventsBetween(last, now))
          reporter.publish({ ...event, atMs: now.updatedMs, runId });
        last = now;
        if (now.status !== 'Running') return;
        await systemClock.sleep(EVERY_MS, signal);
        found = await viewFailures(store, runId);
      }
    } finally {
      reporter.close();
    }
  });
  if (left) {
    output.err(`The run goes on. Come back to it: kt status ${runId} --follow`);
    return 'Interrupted';
  }
  if (!json) printStatus(found, output);
  return found.view.status;
}

function summaryOf({ record, status, jobs }: RunView): ClusterSummary {
  const counts: ClusterSummary['counts'] = {};
  for (const job of jobs) counts[job.status] = (counts[job.status] ?? 0) + 1;
  return {
    runId: record.runId,
    pipeline: record.pipeline.name,
    status,
    startedMs: record.createdAtMs,
    updatedMs: systemClock.nowMs(),
    jobs: jobs.map(({ job, status: of, items, done, failed, retried, cause }) => ({
      ...{ name: job.name, status: of, items, done, failed, retried, cause },
      ...{ skipped: 0, before: 0, startedMs: null, waiting: null },
    })),
    counts,
    failures: [],
    result: null,
    lastError: null,
    problem: null,
    trouble: null,
  };
}
