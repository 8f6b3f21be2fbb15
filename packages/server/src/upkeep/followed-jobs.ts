/** Jobs for which servers do something, or because of which: watched, and known as they are now. */
import { messageOf } from '@kube-transform/runtime/internal';
import { paths, watch } from '@kube-transform/runtime/kubernetes';
import type { Clock } from '@kube-transform/runtime';
import { omitUndefined } from '@kube-transform/sdk';
import { type JobObject, type JobWord, MARK, wordFor } from '../jobs/job-object.js';
import type { JobManager } from '../jobs/managed-jobs.js';

/** What they are found with. */
export interface FollowedOptions {
  jobs: JobManager;
  clock: Clock;
  /** Told in a sentence of what goes wrong. */
  tell: (message: string) => void;
}

/** A watch that is refused is tried again after so long: rights may be given later. */
const REFUSED_MS = 60_000;
const MAX_ENDS = 10_000;

/** The Jobs with the label, as the last event says. */
export class FollowedJobs {
  /** Grows with each change. */
  changes = 0;
  readonly #options: FollowedOptions;
  readonly #jobs = new Map<string, JobObject>();
  /** How those ended that are gone since, by uid; the newest of them. */
  readonly #ends = new Map<string, JobWord>();
  #isListed = false;

  constructor(options: FollowedOptions) {
    this.#options = options;
  }

  /** All of them that a test picks; none where they are not known yet. */
  those(are: (job: JobObject) => boolean): JobObject[] {
    return this.#isListed ? [...this.#jobs.values()].filter(are) : [];
  }

  /** One of them. */
  get(name: string): JobObject | undefined {
    return this.#jobs.get(name);
  }

  /** How one ended that is not there any more; undefined where that was not seen. */
  endOf(uid: string): JobWord | undefined {
    return this.#ends.get(uid);
  }

  /** What somebody has just read or changed. */
  put(job: JobObject): void {
    this.changes++;
    this.#jobs.set(job.metadata.name, slim(job));
  }

  /** Watches until the signal. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { jobs, clock, tell } = this.#options;
    const labelSelector = `${MARK.signature}=${jobs.signature},${MARK.followed}=true`;
    const target = { path: paths.jobs(jobs.api.namespace), labelSelector };
    const onTrouble = (error: unknown): void => tell(`Jobs cannot be watched: ${messageOf(error)}`);
    while (!signal.aborted) {
      try {
        for await (const change of watch<JobObject>(jobs.api, target, { signal, clock, onTrouble })) {
          if (change.type === 'put') this.put(change.object);
          else if (change.type === 'gone') this.#remove(change.object);
          else this.#replace(change.items);
        }
      } catch (error) {
        tell(`Jobs may not be watched, so those that wait for others do not begin: ${messageOf(error)}`);
      }
      await clock.sleep(REFUSED_MS, signal).catch(() => undefined);
    }
  }

  #replace(items: readonly JobObject[]): void {
    this.#jobs.clear();
    this.#isListed = true;
    for (const job of items) this.put(job);
    this.changes++;
  }

  #remove(job: JobObject): void {
    const { metadata } = job;
    this.changes++;
    const word = wordFor(job);
    if (word !== 'Running') this.#ends.set(metadata.uid ?? '', word);
    if (this.#ends.size > MAX_ENDS) this.#ends.delete(this.#ends.keys().next().value ?? '');
    if (this.#jobs.get(metadata.name)?.metadata.uid === metadata.uid) this.#jobs.delete(metadata.name);
  }
}

/** What is looked at of a Job: some have long pods. */
function slim({ metadata, spec, status }: JobObject): JobObject {
  const { name, uid, resourceVersion, creationTimestamp, deletionTimestamp, labels, annotations } = metadata;
  const kept = { name, uid, resourceVersion, creationTimestamp, deletionTimestamp, labels, annotations };
  return {
    metadata: omitUndefined(kept),
    spec: { template: { spec: { containers: [] } }, ...omitUndefined({ suspend: spec.suspend }) },
    ...omitUndefined({ status }),
  };
}
