/** The Jobs that a request names to wait for: whether they are there, and how they stand. */
import { type KubeApi, paths } from '@kube-transform/runtime/kubernetes';
import { type Dependency, failedBefore, goesAway, namedPatch } from './dependencies.js';
import { type JobObject, wordFor } from './job-object.js';

/** Where they are. */
interface Jobs {
  readonly api: KubeApi;
  get(name: string): Promise<JobObject>;
}

/**
 * Those of the Jobs that have not completed. Each is marked, so that no server deletes it before the Job is
 * there that waits for it. @throws KtError `UNKNOWN_JOB`, `DEPENDENCY_FAILED`, KubeError
 */
export async function openOf(jobs: Jobs, names: readonly string[], nowMs: number): Promise<Dependency[]> {
  const looked = await Promise.all(
    names.map(async name => {
      const job = await marked(jobs, await jobs.get(name), nowMs);
      const word = wordFor(job);
      if (word === 'Complete') return [];
      if (word === 'Failed') throw failedBefore(name);
      if (job.metadata.deletionTimestamp !== undefined) throw goesAway(name);
      return [{ name, uid: job.metadata.uid ?? '' }];
    }),
  );
  return looked.flat();
}

async function marked(jobs: Jobs, job: JobObject, nowMs: number): Promise<JobObject> {
  const { name, deletionTimestamp } = job.metadata;
  if (wordFor(job) !== 'Running' || deletionTimestamp !== undefined) return job;
  const path = paths.jobs(jobs.api.namespace, name);
  return (
    (await jobs.api.patch<JobObject>(path, namedPatch(job.metadata, nowMs), { type: 'merge' })) ??
    (await jobs.get(name))
  );
}
