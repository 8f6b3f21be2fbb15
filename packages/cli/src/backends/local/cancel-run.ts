/** Cancels a run of a store that nobody drives. */
import { KtError } from '@kube-transform/sdk';
import type { FileStore, RunRecord } from '@kube-transform/runtime';
import {
  acquireLease,
  apply,
  createRunState,
  type Fact,
  jobStates,
  leaseHolder,
  openJournal,
  readManifest,
  stateFileOf,
  systemClock,
  writeStateFile,
} from '@kube-transform/runtime/internal';
import { runIsOver } from '../refusals.js';
import { viewRun } from './read-run.js';

/** Puts on record that a run is cancelled. @throws KtError `RUN_OVER`, `RUN_IS_DRIVEN`. */
export async function cancelHere(store: FileStore, record: RunRecord): Promise<void> {
  const { runId } = record;
  const { status } = await viewRun(store, record, { counts: () => false });
  if (status === 'Cancelled') return;
  if (status === 'Completed' || status === 'Failed') throw runIsOver(record, status);
  const holder = await leaseHolder(store, runId);
  if (holder !== null) {
    const message = `Run "${runId}" is being driven by process ${holder.pid} on "${holder.host}".`;
    const hint =
      'Press Ctrl-C where it runs (twice to stop at once); then cancel it, or go on with kt run --resume.';
    throw new KtError({ code: 'RUN_IS_DRIVEN', path: 'run', message, hint });
  }
  const { epoch, release } = await acquireLease(store, runId);
  try {
    const state = createRunState(record.pipeline.jobs);
    const journal = await openJournal(store, runId, { onFact: fact => void apply(state, fact), epoch });
    const fact: Fact = { type: 'RunCancelled', reason: 'The run was cancelled.' };
    apply(state, fact);
    await journal.append(fact);
    const items = new Map<string, number>();
    for (const { job } of jobStates(state)) {
      const manifest = await readManifest(store, runId, job.name);
      if (manifest !== null) items.set(job.name, manifest.items);
    }
    await writeStateFile(store, stateFileOf(record, state, { nowMs: systemClock.nowMs(), items }));
  } finally {
    await release();
  }
}
