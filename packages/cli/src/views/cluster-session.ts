/**
 * A run in a cluster as the command line shows it: the same view as a run here. Ctrl-C leaves the run alone.
 */
import type { RunStatus } from '@kube-transform/runtime';
import type { KubeApi } from '@kube-transform/runtime/kubernetes';
import type { Output } from '../terminal/output.js';
import { reporterFor } from '../terminal/reporters.js';
import { clusterRef, findClusterRun } from '../backends/cluster/find-runs.js';
import { printOutcome } from './print-outcome.js';
import { followRun } from '../backends/cluster/follow-run.js';

/** Follows a run to its end, or until Ctrl-C: then `Interrupted`. */
export async function followSession(
  api: KubeApi,
  runId: string,
  { output, json }: { output: Output; json: boolean },
): Promise<RunStatus> {
  const reporter = reporterFor(json, output);
  const { left, result: summary } = await untilInterrupted(async signal => {
    try {
      return await followRun(api, runId, { sink: reporter, note: text => reporter.note(text), signal });
    } finally {
      reporter.close();
    }
  });
  if (left) {
    output.err(`The run goes on in the cluster. Come back to it: kt status ${runId} --follow`);
    return 'Interrupted';
  }
  if (summary === null) return 'Interrupted';
  if (!json) printOutcome(summary, clusterRef(api, await findClusterRun(api, runId)), output);
  return summary.status;
}

/** Does something that Ctrl-C ends; `left` tells that it has, whatever it was at. */
export async function untilInterrupted<T>(
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ left: false; result: T } | { left: true; result?: T }> {
  const leaving = new AbortController();
  const leave = (): void => leaving.abort();
  process.on('SIGINT', leave).on('SIGTERM', leave);
  try {
    const result = await work(leaving.signal);
    return { left: leaving.signal.aborted, result };
  } catch (error) {
    if (!leaving.signal.aborted) throw error;
    return { left: true };
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave);
  }
}
