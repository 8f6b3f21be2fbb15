/** Jobs that call nothing: they are complete as soon as their dependencies are. */
import type { KTJob } from '@kube-transform/sdk';

/** Whether a job calls no function at all; such a job never reaches an executor. */
export function hasNothingToRun(job: KTJob): boolean {
  if (job.type === 'container') return false;
  if (job.type !== 'static') return job.function === null;
  for (const task of job.tasks) if (task.function !== null) return false;
  return true;
}
