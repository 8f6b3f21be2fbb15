/** The result of a job, as people and the next steps see it. */
import type { Json, KTJob } from '@kube-transform/sdk';
import { readAllResults, readResults } from '../run-store/item-results.js';
import type { FileStore } from '../ports/index.js';
import type { RunRecord } from '../run-store/run-record.js';

/** True where a job's result is that of its one call, not a list. */
export function isSingle(job: Pick<KTJob, 'type' | 'tasks' | 'items'> | undefined): boolean {
  return job !== undefined && job.type !== 'map' && job.items === null && job.tasks.length <= 1;
}

/** The result of a job of a run. */
export async function readResult(
  store: FileStore,
  { runId, job, single }: { runId: string; job: string; single: boolean },
): Promise<Json> {
  const results = await readResults(store, runId, job);
  return single ? (results[0] ?? null) : results;
}

/** What a completed run is shown with: the result of its last step where that is one call; else null. */
export async function readHeadline(store: FileStore, { runId, pipeline }: RunRecord): Promise<Json> {
  const last = pipeline.jobs.at(-1);
  if (last === undefined || last.type === 'dynamic' || !isSingle(last)) return null;
  return (await readAllResults(store, runId, last.name))[0] ?? null;
}
