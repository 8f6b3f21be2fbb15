/** A run that goes on, as the command line shows it, wherever it is. Ctrl-C leaves the run alone. */
import type { RunStatus } from '@kube-transform/runtime';
import type { RunBackend, RunRef } from '../backends/backend.js';
import { untilInterrupted } from '../terminal/interrupt.js';
import { reporterFor } from '../terminal/reporters.js';
import { printOutcome } from './print-outcome.js';
import type { Screen } from './screen.js';
import { shellWord } from '../terminal/plain-text.js';

/** Follows a run until it has ended or nobody drives it, or until Ctrl-C: then `Interrupted`. */
export async function followRun(
  backend: RunBackend,
  run: RunRef,
  { output, json, signals }: Screen,
): Promise<RunStatus> {
  const reporter = reporterFor(json, output, run);
  const { left, result: summary } = await untilInterrupted(signals, async signal => {
    try {
      return await backend.follow(run, { sink: reporter, note: text => reporter.note(text), signal });
    } finally {
      reporter.close();
    }
  });
  if (left) output.err(`The run goes on. Come back to it: kt status ${shellWord(run.runId)} --follow`);
  if (left || summary === null) return 'Interrupted';
  if (!json) printOutcome(summary, run, output);
  return summary.status;
}
