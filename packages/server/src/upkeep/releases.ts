/*
 * Lets Jobs go that wait for others.
 *
 * JD1 A Job begins once all that it waits for have completed, and fails where one of them has failed or is
 *     gone. Any number of servers may do it at once: each change holds for the Job as it was read only.
 */
import { messageOf } from '@kube-transform/runtime/internal';
import { isKubeError, paths } from '@kube-transform/runtime/kubernetes';
import type { Clock } from '@kube-transform/runtime';
import { isKtError } from '@kube-transform/sdk';
import { type Dependency, failedPatch, fewerPatch, releasedPatch, waitsFor } from '../jobs/dependencies.js';
import { type JobObject, MARK, wordFor } from '../jobs/job-object.js';
import type { JobManager } from '../jobs/managed-jobs.js';
import type { FollowedJobs } from './followed-jobs.js';

/** What Jobs are let go with. */
export interface ReleaseOptions {
  jobs: JobManager;
  followed: FollowedJobs;
  clock: Pick<Clock, 'nowMs'>;
  /** Told in a sentence of what goes wrong. */
  tell: (message: string) => void;
}

type Stand = 'open' | 'complete' | 'failed' | 'gone';
const STANDS = { Running: 'open', Complete: 'complete', Failed: 'failed' } as const;

const mayWait = ({ metadata }: JobObject): boolean => metadata.annotations?.[MARK.waitsFor] !== undefined;
const madeAt = ({ metadata }: JobObject): string => metadata.creationTimestamp ?? '';
const asMade = (a: JobObject, b: JobObject): number =>
  madeAt(a) < madeAt(b) ? -1 : Number(madeAt(a) > madeAt(b));

function orGone(error: unknown): null {
  if (isKtError(error) && error.code === 'UNKNOWN_JOB') return null;
  throw error;
}

/** Looks at Jobs that wait. */
export class Releases {
  readonly #options: ReleaseOptions;
  /** Of which Jobs it was told that they cannot be understood. */
  readonly #told = new Set<string>();

  constructor(options: ReleaseOptions) {
    this.#options = options;
  }

  /** Lets go all that need not wait any more; after the signal no more. Never rejects. */
  async round(signal: AbortSignal): Promise<void> {
    const { followed, tell } = this.#options;
    // What is not followed, and was asked for in this round.
    const asked = new Map<string, JobObject | null>();
    // Who waits for one of them was made after it, and sees what has become of it in the same round.
    for (const job of followed.those(mayWait).sort(asMade)) {
      if (signal.aborted) return;
      try {
        const open = waitsFor(job);
        if (open !== null) await this.#look(job, open, asked);
      } catch (error) {
        if (isKubeError(error, 409)) continue;
        const { name, uid = '' } = job.metadata;
        if (isKtError(error) && error.code === 'BAD_DEPENDENCY') {
          if (this.#told.has(uid)) continue;
          this.#told.add(uid);
        }
        tell(`The job "${name}" waits on: ${messageOf(error)}`);
      }
    }
  }

  async #look(
    job: JobObject,
    open: readonly Dependency[],
    asked: Map<string, JobObject | null>,
  ): Promise<void> {
    // Somebody has let it go by hand.
    if (job.spec.suspend !== true) return await this.#change(job, releasedPatch(job));
    const left: Dependency[] = [];
    for (const one of open) {
      const stand = await this.#standOf(one, asked);
      if (stand === 'failed') return await this.#fail(job, `the job "${one.name}" has failed`);
      if (stand === 'gone')
        return await this.#fail(job, `the job "${one.name}" was deleted before it was seen to complete`);
      if (stand === 'open') left.push(one);
    }
    if (left.length === 0) await this.#change(job, releasedPatch(job));
    // What was seen to complete may be deleted.
    else if (left.length < open.length) await this.#change(job, fewerPatch(job, left));
  }

  async #standOf({ name, uid }: Dependency, asked: Map<string, JobObject | null>): Promise<Stand> {
    const { followed, jobs } = this.#options;
    const known = followed.get(name);
    if (known?.metadata.uid === uid) return STANDS[wordFor(known)];
    const end = followed.endOf(uid);
    if (end !== undefined) return STANDS[end];
    // Somebody may have taken the label away.
    const job = asked.has(name) ? asked.get(name) : await jobs.get(name).catch(orGone);
    asked.set(name, job ?? null);
    return job?.metadata.uid === uid ? STANDS[wordFor(job)] : 'gone';
  }

  async #change(job: JobObject, patch: object, part: '' | '/status' = ''): Promise<void> {
    const { jobs, followed } = this.#options;
    const path = `${paths.jobs(jobs.api.namespace, job.metadata.name)}${part}`;
    const changed = await jobs.api.patch<JobObject>(path, patch, { type: 'merge' });
    if (changed !== null) followed.put(changed);
  }

  async #fail(job: JobObject, why: string): Promise<void> {
    await this.#change(
      job,
      failedPatch(job, `It could not begin: ${why}.`, this.#options.clock.nowMs()),
      '/status',
    );
  }
}
