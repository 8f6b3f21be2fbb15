/** A run in a cluster as the command line shows it: the same view as a run here. Ctrl-C leaves the run alone. */
import type { RunStatus } from '@kube-transform/runtime';
import type { ClusterSummary, KubeApi } from '@kube-transform/runtime/kubernetes';
import type { Output } from '../output.js';
import { reporterFor } from '../reporters.js';
import { followRun } from './follow-run.js';
import { printClusterOutcome } from './cluster-status.js';

/** Follows a run to its end, or until Ctrl-C: then `Interrupted`. */
export async function followSession(api: KubeApi, runId: string, { output, json }: { output: Output; json: boolean }): Promise<RunStatus> {
  const reporter = reporterFor(json, output);
  const left = new AbortController();
  const leave = (): void => left.abort();
  process.on('SIGINT', leave).on('SIGTERM', leave);
  let summary: ClusterSummary | null;
  try {
    summary = await followRun(api, runId, { sink: reporter, note: text => reporter.note(text), signal: left.signal });
  } finally {
    process.off('SIGINT', leave).off('SIGTERM', leave);
    reporter.close();
  }
  if (left.signal.aborted) {
    output.err(`The run goes on in the cluster. Come back to it: kt status ${runId} --follow`);
    return 'Interrupted';
  }
  if (summary === null) return 'Interrupted';
  if (!json) printClusterOutcome(summary, output);
  return summary.status;
}

