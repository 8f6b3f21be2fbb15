/** From a run in which something failed to a new run that repeats it. */
import { KtError } from '@kube-transform/sdk';
import { type FileStore, leaseHolder, retryRun, systemClock } from '@kube-transform/runtime';
import { noteChange, targetOf } from './begin-run.js';
import { findRun } from './find-run.js';
import type { Output } from './output.js';
import { viewRun } from './run-view.js';
import type { Session } from './session.js';
import { recordOf } from './stored-run.js';

/** What was typed for `kt retry`. */
export interface RetryRequest {
  failed: boolean;
  functions: readonly string[];
  steal: boolean;
  store: FileStore;
  output: Output;
}

/** Makes the run that repeats what failed in another. @throws KtError where nothing failed, or the run has not ended. */
export async function beginRetry(typed: string, { failed, functions, steal, store, output }: RetryRequest): Promise<Session> {
  const { runId } = await findRun(store, typed);
  const old = await recordOf(store, runId);
  if (!failed) {
    const again = old.source?.pipeline ?? 'PIPELINE';
    const hint = `Write kt retry ${runId} --failed; to run everything again: kt run ${again}`;
    throw new KtError({ code: 'MISSING_OPTION', path: '--failed', message: 'kt retry repeats only what failed, which has to be said.', hint });
  }
  const holder = steal ? null : await leaseHolder(store, runId);
  if (holder !== null) {
    const message = `Run "${runId}" is still being driven by process ${holder.pid} on "${holder.host}".`;
    throw new KtError({ code: 'RUN_IS_DRIVEN', path: 'run', message, hint: 'Wait for it, or stop it.' });
  }
  const { status } = await viewRun(store, runId);
  if (status === 'Interrupted') {
    const hint = `Go on with it: kt run --resume ${runId}`;
    throw new KtError({ code: 'RUN_NOT_ENDED', path: 'run', message: `Run "${runId}" was interrupted and has not ended.`, hint });
  }
  if (status === 'Completed') {
    const message = `Run "${runId}" completed: nothing failed in it, so there is nothing to repeat.`;
    throw new KtError({
      code: 'NOTHING_FAILED',
      path: 'run',
      message,
      hint: `Run it again as a whole: kt run ${old.source?.pipeline ?? 'PIPELINE'}`,
    });
  }
  const target = await targetOf(old.source, functions);
  noteChange(old, target, output);
  const record = await retryRun(store, runId, { clock: systemClock, source: target.source });
  return { record, target, store, output, resumed: false };
}
