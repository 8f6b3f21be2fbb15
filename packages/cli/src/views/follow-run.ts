/**
 * A run of a store that another process drives, as the command line shows it. Ctrl-C leaves the run alone.
 */
import {
  eventsBetween,
  type FileStore,
  type RunStatus,
  type RunSummary,
  systemClock,
} from '@kube-transform/runtime';
import { untilInterrupted } from './cluster-session.js';
import type { Output } from '../terminal/output.js';
import { reporterFor } from '../terminal/reporters.js';
import { refOf, viewRun } from '../backends/local/run-view.js';
import { recordOf } from '../backends/local/stored-run.js';
import { printStatus } from './print-status.js';

const EVERY_MS = 500;

/** Follows a run until it has ended or nobody drives it, or until Ctrl-C. */
export async function followLocal(
  store: FileStore,
  runId: string,
  { output, json }: { output: Output; json: boolean },
): Promise<RunStatus> {
  const reporter = reporterFor(json, output);
  let now = await viewRun(store, runId);
  let last: RunSummary | null = null;
  const { left } = await untilInterrupted(async signal => {
    try {
      for (;;) {
        const shown = { ...now, updatedMs: systemClock.nowMs() };
        for (const event of eventsBetween(last, shown)) reporter.publish(event);
        last = shown;
        if (now.status !== 'Running') return;
        await systemClock.sleep(EVERY_MS, signal);
        now = await viewRun(store, runId);
      }
    } finally {
      reporter.close();
    }
  });
  if (left) {
    output.err(`The run goes on. Come back to it: kt status ${runId} --follow`);
    return 'Interrupted';
  }
  if (!json) printStatus(now, refOf(await recordOf(store, runId)), output);
  return now.status;
}
