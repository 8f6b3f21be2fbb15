/*
 * Deletes finished Jobs when their time has come.
 *
 * R1 What runs is never deleted, whatever its annotations say; nor what has got the name of a Job that was
 *    finished: a key that is free again gives the same name.
 * R3 What another Job waits for, or was named a moment ago by a request, is kept: a Job is deleted only as it
 *    was listed, and who waits is looked for after that.
 * R2 Nothing stops the loop but its signal: what goes wrong is told, and the other Jobs have their turn.
 */
import { messageOf } from '@kube-transform/runtime/internal';
import { paths } from '@kube-transform/runtime/kubernetes';
import type { Clock } from '@kube-transform/runtime';
import type { JobManager } from './managed-jobs.js';
import { textOf, waitsForIfKnown, wasNamed } from './dependencies.js';
import { type JobObject, MARK, wordFor } from './job-object.js';

/** How Jobs are kept. */
export interface RetentionOptions {
  jobs: JobManager;
  /** How long a finished Job is kept, in seconds. */
  retentionSec: number;
  clock: Clock;
  /** Called before each deletion, perhaps more than once; where it throws, the Job is kept. */
  beforeDelete?: (job: JobObject) => void | Promise<void>;
  /** Whether a Job is kept beyond its time, for a day at most: something is still to be done for it. */
  isNeeded?: (job: JobObject) => boolean;
  /** Told how many were deleted by a pass. */
  deleted?: (jobs: number) => void;
  /** Told in a sentence of what went wrong. */
  tell?: (message: string) => void;
}

const INTERVAL_MS = 60_000;
const NEEDED_MS = 86_400_000;
/** Small, and with pauses much longer than it: requests are answered in between, by the API server too. */
const PAGE = 100;
const PAUSE_MS = 150;
const SECONDS = /^\d{1,15}(?:\.\d+)?$/;

/** Marks finished Jobs with the time of their deletion, and deletes those whose time has come. */
export class JobRetention {
  readonly #options: RetentionOptions & { tell: (message: string) => void };

  constructor(options: RetentionOptions) {
    this.#options = { ...options, tell: options.tell ?? (() => undefined) };
  }

  /** Marks finished Jobs that have no mark. Rejects with KubeError where they cannot be listed. */
  async mark(): Promise<void> {
    await this.#mark(await this.#finished());
  }

  /** Deletes finished Jobs whose time has come; their names. Rejects with KubeError without a list. */
  async deleteDue(): Promise<string[]> {
    return await this.#deleteDue(await this.#finished());
  }

  async #mark(finished: readonly JobObject[], signal?: AbortSignal): Promise<void> {
    const { jobs, retentionSec, clock } = this.#options;
    // eslint-disable-next-line no-restricted-syntax -- a time of day, which others read
    const at = String(Math.ceil(clock.nowMs() / 1000) + retentionSec);
    for (const job of finished) {
      if (signal?.aborted === true) break;
      if (job.metadata.annotations?.[MARK.deletion] !== undefined) continue;
      const patch = { metadata: { uid: job.metadata.uid, annotations: { [MARK.deletion]: at } } };
      await this.#try(job, 'marked', () =>
        jobs.api.patch(paths.jobs(jobs.api.namespace, job.metadata.name), patch, { type: 'merge' }),
      );
    }
  }

  async #deleteDue(finished: readonly JobObject[], signal?: AbortSignal): Promise<string[]> {
    const { api } = this.#options.jobs;
    const deleted: string[] = [];
    const due = finished.filter(job => this.#isDue(job));
    const awaited = due.length === 0 ? new Set<string>() : await this.#awaited(signal);
    for (const job of due) {
      if (signal?.aborted === true) break;
      if (awaited.has(textOf([{ name: job.metadata.name, uid: job.metadata.uid ?? '' }]))) continue;
      await this.#try(job, 'deleted', async () => {
        await this.#options.beforeDelete?.(job);
        const { name, uid, resourceVersion } = job.metadata;
        const path = paths.jobs(api.namespace, name);
        if (
          await api.deleteUnchanged(path, { name, uid, resourceVersion }, { propagationPolicy: 'Foreground' })
        )
          deleted.push(name);
      });
    }
    return deleted;
  }

  /** Both, once, or until the signal; the names of those that were deleted. Never rejects. */
  async pass(signal?: AbortSignal): Promise<string[]> {
    try {
      const finished = await this.#finished(signal);
      await this.#mark(finished, signal);
      const gone = await this.#deleteDue(finished, signal);
      this.#options.deleted?.(gone.length);
      return gone;
    } catch (error) {
      if (signal?.aborted !== true)
        this.#options.tell(`Finished jobs could not be looked through: ${messageOf(error)}`);
      return [];
    }
  }

  /** Both, again and again, until the signal. Never rejects. */
  async run(signal: AbortSignal, intervalMs: number = INTERVAL_MS): Promise<void> {
    while (!signal.aborted) {
      await this.pass(signal);
      await this.#options.clock.sleep(intervalMs, signal).catch(() => undefined);
    }
  }

  async #finished(signal?: AbortSignal): Promise<JobObject[]> {
    const all = await this.#list(signal);
    return all.filter(job => wordFor(job) !== 'Running' && job.metadata.deletionTimestamp === undefined);
  }

  async #list(
    signal: AbortSignal | undefined,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<JobObject[]> {
    const { jobs, clock } = this.#options;
    return await jobs.list({ labels, pageSize: PAGE, betweenPages: () => clock.sleep(PAUSE_MS, signal) });
  }

  /** Whom Jobs wait for, as NAME:UID. */
  async #awaited(signal?: AbortSignal): Promise<Set<string>> {
    const followed = await this.#list(signal, { [MARK.followed]: 'true' });
    return new Set(followed.flatMap(job => (waitsForIfKnown(job) ?? []).map(one => textOf([one]))));
  }

  #isDue(job: JobObject): boolean {
    const { metadata } = job;
    const mark = metadata.annotations?.[MARK.deletion];
    if (mark === undefined) return false;
    const { clock, isNeeded } = this.#options;
    const nowMs = clock.nowMs();
    if (SECONDS.test(mark))
      return (
        Number(mark) * 1000 <= nowMs - (isNeeded?.(job) === true ? NEEDED_MS : 0) && !wasNamed(job, nowMs)
      );
    this.#options.tell(
      `The job "${metadata.name}" is kept: its annotation ${MARK.deletion} is ${JSON.stringify(mark.slice(0, 100))}, and no time in seconds.`,
    );
    return false;
  }

  /** Never rejects: what went wrong is told. */
  async #try({ metadata }: JobObject, what: string, act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#options.tell(`The job "${metadata.name}" could not be ${what}: ${messageOf(error)}`);
    }
  }
}
