/*
 * A run that was just started, as the command line shows it: driven by this process, followed, or only said.
 *
 * SE1 Of a run that this process drives, the first Ctrl-C drains (what runs may end), the second stops;
 *     either way it can be resumed.
 */
import type { EventSink, RunStatus } from '@kube-transform/runtime';
import type { RunBackend, RunRef, StartedRun, Submitted } from '../backends/backend.js';
import { onInterrupt } from '../terminal/interrupt.js';
import { coloured, type Output } from '../terminal/output.js';
import { reporterFor } from '../terminal/reporters.js';
import { followRun } from './follow-run.js';
import { printOutcome } from './print-outcome.js';
import type { Screen } from './screen.js';
import { shellWord } from '../terminal/plain-text.js';
import { UnderWay } from './under-way.js';

/** Shows a run; its status, or null where it goes on and was not followed. */
export async function showStarted(
  backend: RunBackend,
  started: StartedRun,
  { follow, ...screen }: Screen & { follow: boolean },
): Promise<RunStatus | null> {
  if ('drive' in started) return driveRun(started, screen);
  const { run, submitted } = started;
  if (follow) {
    const { namespace, context } = submitted;
    if (!screen.json)
      screen.output.err(`run ${run.runId} in namespace ${namespace} of ${context}${ofVersion(submitted)}`);
    return followRun(backend, run, screen);
  }
  printSubmitted(run, submitted, screen);
  return null;
}

/** Drives a run to its end, or until Ctrl-C, and prints what it came to. */
async function driveRun(
  { run, drive }: Extract<StartedRun, { drive: unknown }>,
  { output, json, signals }: Screen,
): Promise<RunStatus> {
  const reporter = reporterFor(json, output);
  const drain = new AbortController();
  const stop = new AbortController();
  const dispose = onInterrupt(signals, () => {
    if (drain.signal.aborted) return stop.abort();
    reporter.note(coloured('Interrupted', 'Stopping: what runs may end. Press Ctrl-C again to stop it now.'));
    drain.abort();
  });
  const underWay = new UnderWay();
  const sink: EventSink = {
    publish: event => {
      underWay.take(event);
      reporter.publish(event);
    },
  };
  const resume = `Go on with: ${run.verb} --resume ${shellWord(run.runId)}`;
  const driven = signals.during?.({
    ranDry: () => {
      if (!stop.signal.aborted) reporter.note(coloured('Failed', `${underWay.stuck()} The run stops here.`));
      stop.abort();
    },
    ended: () => `${underWay.names()} Nothing is lost that was done. ${resume}`,
  });
  const driving = drive({ sink, drain: drain.signal, stop: stop.signal });
  const summary = await driving.finally(() => {
    driven?.();
    dispose();
    reporter.close();
  });
  if (!json) printOutcome(summary, run, output);
  return summary.status;
}

const ofVersion = ({ version }: Submitted): string => (version === undefined ? '' : `, version ${version}`);

function printSubmitted(
  { runId }: RunRef,
  submitted: Submitted,
  { output, json }: { output: Output; json: boolean },
): void {
  const { namespace, context, digest, isNew, version } = submitted;
  if (json) {
    output.out(JSON.stringify({ runId, namespace, context, digest, version }));
    return;
  }
  const isSame = isNew || version !== undefined ? '' : ' (unchanged)';
  output.out(
    `Submitted ${runId} to namespace ${namespace} of ${context}; functions ${digest}${isSame}${ofVersion(submitted)}.`,
  );
  output.out(`  see how it goes: kt status ${shellWord(runId)} --follow`);
}
