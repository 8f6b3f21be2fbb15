/** From a run in which something failed to a new run that repeats it. */
import { KtError } from '@kube-transform/sdk';
import { type FileStore, leaseHolder, retryRun, systemClock } from '@kube-transform/runtime';
import { noteChange, targetOf } from '../../pipeline/make-run.js';
import { findRun } from './find-runs.js';
import type { Output } from '../../terminal/output.js';
import { nothingFailed, onlyWhatFailed, runNotEnded } from '../refusals.js';
import { viewRun } from './run-view.js';
import type { Session } from './drive-run.js';
import { recordOf } from './stored-run.js';

/** What was typed for `kt retry`. */
export interface RetryRequest {
  failed: boolean;
  functions: readonly string[];
  steal: boolean;
  store: FileStore;
  output: Output;
}

/**
 * Makes the run that repeats what failed in another. @throws KtError where nothing failed, or the run has not
 * ended.
 */
export async function beginRetry(
  typed: string,
  { failed, functions, steal, store, output }: RetryRequest,
): Promise<Session> {
  const { runId } = await findRun(store, typed);
  const old = await recordOf(store, runId);
  const again = { verb: 'kt run', pipeline: old.source?.pipeline } as const;
  if (!failed) throw onlyWhatFailed(runId, again);
  const holder = steal ? null : await leaseHolder(store, runId);
  if (holder !== null) {
    const message = `Run "${runId}" is still being driven by process ${holder.pid} on "${holder.host}".`;
    throw new KtError({ code: 'RUN_IS_DRIVEN', path: 'run', message, hint: 'Wait for it, or stop it.' });
  }
  const { status } = await viewRun(store, runId);
  if (status === 'Interrupted') throw runNotEnded(runId, 'kt run');
  if (status === 'Completed') throw nothingFailed(runId, again);
  const target = await targetOf(old.source, functions);
  noteChange(runId, { began: old.source?.digest, target }, output);
  const record = await retryRun(store, runId, { clock: systemClock, source: target.source });
  return { record, target, store, output, resumed: false };
}
