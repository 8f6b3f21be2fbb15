/** The jobs of a stored run of which functions are still to be called. */
import type { KTJob } from '@kube-transform/sdk';
import { apply, createRunState, jobStates, repeatedJobs } from '../core/index.js';
import type { FileStore } from '../ports/index.js';
import { readJournal } from '../run-store/journal.js';
import type { RunRecord } from '../run-store/run-record.js';

/**
 * Jobs that a run calls yet when it goes on, or that a retry of it repeats; spawned ones too. What will be
 * spawned is not known.
 */
export async function jobsToCall(
  store: FileStore,
  { runId, pipeline }: RunRecord,
  how: 'resume' | 'retry',
): Promise<KTJob[]> {
  const state = createRunState(pipeline.jobs);
  for await (const fact of readJournal(store, runId)) apply(state, fact);
  const repeated = how === 'retry' ? repeatedJobs(state) : null;
  const isOpen = (job: string, status: string): boolean =>
    repeated?.has(job) ?? (status === 'Pending' || status === 'Running');
  return [...jobStates(state)].flatMap(({ job, status }) => (isOpen(job.name, status) ? [job] : []));
}
