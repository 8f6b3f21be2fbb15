/** From a run in which something failed to a new run that repeats it. */
import { KtError } from '@kube-transform/sdk';
import type { FileStore, RunRecord } from '@kube-transform/runtime';
import { leaseHolder, retryRun, systemClock } from '@kube-transform/runtime/internal';
import { noteChange, loadStored } from '../../pipeline/make-run.js';
import type { RetryOptions, StartedRun } from '../backend.js';
import { nothingFailed, runNotEnded } from '../refusals.js';
import { startedRun } from './drive-run.js';
import { refOf } from './find-runs.js';
import { viewRun } from './read-run.js';

/** Makes the run that repeats what failed in another. @throws KtError where that cannot be. */
export async function retryHere(
  store: FileStore,
  old: RunRecord,
  { functions = [], force = [], note = () => undefined, ...options }: RetryOptions,
): Promise<StartedRun> {
  const { runId, source } = old;
  const holder = options.steal === true ? null : await leaseHolder(store, runId);
  if (holder !== null) {
    const message = `Run "${runId}" is still being driven by process ${holder.pid} on "${holder.host}".`;
    throw new KtError({ code: 'RUN_IS_DRIVEN', path: 'run', message, hint: 'Wait for it, or stop it.' });
  }
  const { status, jobs } = await viewRun(store, old, { counts: () => false });
  if (status === 'Interrupted') throw runNotEnded(refOf(old));
  if (status === 'Completed' && force.length === 0 && !jobs.some(({ failed }) => failed > 0))
    throw nothingFailed(refOf(old));
  const loaded = await loadStored(store, old, { how: 'retry', functions, force });
  noteChange(runId, { began: source?.digest, loaded }, note);
  const record = await retryRun(store, runId, { clock: systemClock, source: loaded.source, force });
  return startedRun({ record, loaded, store, resumed: false }, options);
}
