/** What cannot be done with a run as it stands, the same wherever it is. */
import { KtError } from '@kube-transform/sdk';
import type { RunStatus } from '@kube-transform/runtime';
import type { RunRef } from './backend.js';
import { shellWord } from '../terminal/plain-text.js';

const refusal = (code: string, message: string, hint: string): KtError =>
  new KtError({ code, path: 'run', message, hint });

const again = ({ verb, source }: RunRef): string => `${verb} ${shellWord(source?.pipeline ?? 'PIPELINE')}`;

/** `kt cancel` of a run that has ended: a KtError `RUN_OVER`. */
export function runIsOver({ runId }: Pick<RunRef, 'runId'>, status: RunStatus): KtError {
  const hint =
    status === 'Failed'
      ? `Repeat what failed: kt retry ${shellWord(runId)} --failed`
      : `See it: kt status ${shellWord(runId)}`;
  return refusal('RUN_OVER', `Run "${runId}" has ended: it is ${status}.`, hint);
}

/** `kt retry` of a run that has not ended: a KtError `RUN_NOT_ENDED`. */
export const runNotEnded = ({ runId, verb }: RunRef): KtError =>
  refusal(
    'RUN_NOT_ENDED',
    `Run "${runId}" was interrupted and has not ended.`,
    `Go on with it: ${verb} --resume ${shellWord(runId)}`,
  );

/** `kt retry` of a run in which nothing failed: a KtError `NOTHING_FAILED`. */
export const nothingFailed = (run: RunRef): KtError =>
  refusal(
    'NOTHING_FAILED',
    `Run "${run.runId}" completed: nothing failed in it, so there is nothing to repeat.`,
    `Run it again as a whole: ${again(run)}`,
  );

/** `kt retry` without `--failed`: a KtError `MISSING_OPTION`. */
export function onlyWhatFailed(run: RunRef): KtError {
  const hint = `Write kt retry ${shellWord(run.runId)} --failed; to run everything again: ${again(run)}`;
  const message = 'kt retry repeats only what failed, which has to be said.';
  return new KtError({ code: 'MISSING_OPTION', path: '--failed', message, hint });
}

/** `--resume` with `--force`: a KtError `UNEXPECTED_OPTION`. */
export const forcesNothing = (run: string): KtError =>
  new KtError({
    code: 'UNEXPECTED_OPTION',
    path: '--force',
    message: 'A run goes on with what it was begun with: --force is not expected with --resume.',
    hint: `Leave it out; or, when the run has ended: kt retry ${shellWord(run)} --force STEP.`,
  });

/** `kt debug --local` of a run in a cluster: a KtError `NOT_LOCAL`. */
export const notLocal = ({ runId, where }: RunRef): KtError =>
  refusal(
    'NOT_LOCAL',
    `Run "${runId}" is in ${where}, and --local replays runs of a store here.`,
    'Leave --local out: the item is run in a pod. A run whose bucket this machine opens: --store URL --local.',
  );
