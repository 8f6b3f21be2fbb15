/** The jobs of a stored run of which functions are still to be called. */
import type { KTJob } from '@kube-transform/sdk';
import { jobStates, repeatedJobs } from '../core/index.js';
import type { FileStore } from '../ports/index.js';
import type { RunRecord } from '../run-store/run-record.js';
import { readState } from './read-run.js';

/**
 * Jobs that a run calls yet when it goes on, or that a retry of it repeats, also by force; spawned ones too.
 * What will be spawned is not known.
 */
export async function jobsToCall(
  store: FileStore,
  record: RunRecord,
  { how, force = [] }: { how: 'resume' | 'retry'; force?: readonly string[] },
): Promise<KTJob[]> {
  const state = await readState(store, record);
  const repeated = how === 'retry' ? repeatedJobs(state, force) : null;
  const isOpen = (job: string, status: string): boolean =>
    repeated?.has(job) ?? (status === 'Pending' || status === 'Running');
  return [...jobStates(state)].flatMap(({ job, status }) => (isOpen(job.name, status) ? [job] : []));
}
