/** What cannot be done with a run as it stands, the same for runs here and in a cluster. */
import { KtError } from '@kube-transform/sdk';
import type { RunStatus } from '@kube-transform/runtime';

/** How runs are begun and resumed where a run is. */
export type RunVerb = 'kt run' | 'kt submit';

const refusal = (code: string, message: string, hint: string): KtError =>
  new KtError({ code, path: 'run', message, hint });

/** `kt cancel` of a run that has ended: a KtError `RUN_OVER`. */
export function runIsOver(runId: string, status: RunStatus): KtError {
  const hint =
    status === 'Failed' ? `Repeat what failed: kt retry ${runId} --failed` : `See it: kt status ${runId}`;
  return refusal('RUN_OVER', `Run "${runId}" has ended: it is ${status}.`, hint);
}

/** `kt retry` of a run that has not ended: a KtError `RUN_NOT_ENDED`. */
export const runNotEnded = (runId: string, verb: RunVerb): KtError =>
  refusal(
    'RUN_NOT_ENDED',
    `Run "${runId}" was interrupted and has not ended.`,
    `Go on with it: ${verb} --resume ${runId}`,
  );

/** `kt retry` of a run in which nothing failed: a KtError `NOTHING_FAILED`. */
export function nothingFailed(
  runId: string,
  { verb, pipeline }: { verb: RunVerb; pipeline: string | null | undefined },
): KtError {
  const message = `Run "${runId}" completed: nothing failed in it, so there is nothing to repeat.`;
  return refusal('NOTHING_FAILED', message, `Run it again as a whole: ${verb} ${pipeline ?? 'PIPELINE'}`);
}

/** `kt retry` without `--failed`: a KtError `MISSING_OPTION`. */
export function onlyWhatFailed(
  runId: string,
  { verb, pipeline }: { verb: RunVerb; pipeline: string | null | undefined },
): KtError {
  const hint = `Write kt retry ${runId} --failed; to run everything again: ${verb} ${pipeline ?? 'PIPELINE'}`;
  return new KtError({
    code: 'MISSING_OPTION',
    path: '--failed',
    message: 'kt retry repeats only what failed, which has to be said.',
    hint,
  });
}
