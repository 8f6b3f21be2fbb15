/*
 * Tells a URL of the ends of Jobs.
 *
 * ET1 Each end is told until it was heard, or after some attempts not any more, always with the same id.
 *     Before a server tells it claims the Job, so that no other does for as long as telling may take; the
 *     claim says when the next attempt is made, by whom ever.
 */
import { messageOf } from '@kube-transform/runtime/internal';
import { isKubeError, paths } from '@kube-transform/runtime/kubernetes';
import type { Clock } from '@kube-transform/runtime';
import { WatchedFile } from '../definitions/watched-file.js';
import { type JobObject, MARK, TOLD, wordFor } from '../jobs/job-object.js';
import type { JobManager } from '../jobs/managed-jobs.js';
import type { FollowedJobs } from './followed-jobs.js';
import { endMessage, readSecrets, send, type WebhookSettings } from './webhook-request.js';

/** What became of an attempt. */
export type WebhookResult = 'delivered' | 'failed' | 'given_up';

/** What ends are told with. */
export interface WebhookOptions {
  jobs: JobManager;
  followed: FollowedJobs;
  clock: Clock;
  settings: WebhookSettings;
  /** Told in a sentence of what goes wrong. */
  tell: (message: string) => void;
  /** Counts attempts. */
  told?: (result: WebhookResult) => void;
}

/** How long after each attempt the next is made; the first is more than an attempt can take. */
const WAITS_SEC = [60, 120, 600, 1800, 3600, 7200, 14_400, 28_800];
/** A time beyond this was written by a clock that was wrong. */
const FAR_SEC = 36 * 3600;
const AT_ONCE = 8;
const GONE = 410;

/** How far telling has come; null where nothing is to be told. */
function markOf({ metadata }: JobObject): { attempts: number; notBeforeSec: number } | null {
  const text = metadata.annotations?.[MARK.told];
  if (text === TOLD.due) return { attempts: 0, notBeforeSec: 0 };
  const [, attempts, sec] = /^trying (\d{1,3}) (\d{1,12})$/.exec(text ?? '') ?? [];
  return attempts === undefined ? null : { attempts: Number(attempts), notBeforeSec: Number(sec) };
}

/** Whether the end of a Job is still to be told. */
export const isUntold = (job: JobObject): boolean => markOf(job) !== null;

/** Tells ends. */
export class Webhooks {
  readonly #options: WebhookOptions;
  readonly #secrets: WatchedFile<Buffer[]>;

  constructor(options: WebhookOptions) {
    this.#options = options;
    const { secretPath } = options.settings;
    this.#secrets = new WatchedFile(secretPath, text => readSecrets(text, secretPath), options.tell);
  }

  /** Reads the secrets. Rejects where they cannot be used. */
  async start(): Promise<void> {
    await this.#secrets.get();
  }

  /** Tells all ends that are due; after the signal no more is begun. Never rejects. */
  async round(signal: AbortSignal): Promise<void> {
    const { followed, clock } = this.#options;
    const nowSec = nowSecOf(clock);
    const due = followed.those(job => isDue(job, nowSec)).values();
    const work = async (): Promise<void> => {
      for (const job of due) {
        if (signal.aborted) return;
        await this.#tellOf(job);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  }

  async #tellOf(job: JobObject): Promise<void> {
    const { name } = job.metadata;
    const { settings, clock, tell, told } = this.#options;
    const attempts = (markOf(job)?.attempts ?? 0) + 1;
    try {
      if (!(await this.#claim(job, attempts))) return;
      const why = await this.#send(job);
      if (why === null) {
        told?.('delivered');
        return await this.#write(job, `${TOLD.delivered} ${nowSecOf(clock)}`);
      }
      const isLast = why === GONE || attempts >= WAITS_SEC.length;
      told?.(isLast ? 'given_up' : 'failed');
      const said = typeof why === 'number' ? `it answered ${why}` : why;
      const after = isLast ? 'it is not told again' : `attempt ${attempts} of ${WAITS_SEC.length}`;
      tell(`${new URL(settings.url).host} was not told of the end of the job "${name}" (${after}): ${said}`);
      if (isLast) await this.#write(job, `${TOLD.givenUp} ${nowSecOf(clock)}`);
    } catch (error) {
      // Another server has claimed it.
      if (!isKubeError(error, 409)) tell(`The end of the job "${name}" was not told: ${messageOf(error)}`);
    }
  }

  /** Takes a Job, as it was read, for this server; false where it is gone. */
  async #claim({ metadata }: JobObject, attempts: number): Promise<boolean> {
    const waitSec = WAITS_SEC[Math.min(attempts, WAITS_SEC.length) - 1] ?? 0;
    const text = `${TOLD.trying} ${attempts} ${nowSecOf(this.#options.clock) + waitSec}`;
    const { name, uid, resourceVersion } = metadata;
    return await this.#patch(name, { uid, resourceVersion, annotations: { [MARK.told]: text } });
  }

  async #write({ metadata: { name, uid } }: JobObject, text: string): Promise<void> {
    await this.#patch(name, { uid, annotations: { [MARK.told]: text } });
  }

  async #patch(name: string, metadata: object): Promise<boolean> {
    const { jobs, followed } = this.#options;
    const path = paths.jobs(jobs.api.namespace, name);
    const changed = await jobs.api.patch<JobObject>(path, { metadata }, { type: 'merge' });
    if (changed !== null) followed.put(changed);
    return changed !== null;
  }

  /** Null where it was heard; else the status, or why there is none. */
  async #send(job: JobObject): Promise<number | string | null> {
    const { settings, clock } = this.#options;
    try {
      const secrets = await this.#secrets.get();
      const status = await send(settings.url, endMessage(job), { secrets, clock });
      return status >= 200 && status < 300 ? null : status;
    } catch (error) {
      return messageOf(error);
    }
  }
}

// eslint-disable-next-line no-restricted-syntax -- a time of day, which other servers read
const nowSecOf = (clock: Clock): number => Math.floor(clock.nowMs() / 1000);

function isDue(job: JobObject, nowSec: number): boolean {
  const mark = markOf(job);
  if (mark === null || wordFor(job) === 'Running' || job.metadata.deletionTimestamp !== undefined)
    return false;
  return mark.notBeforeSec <= nowSec || mark.notBeforeSec > nowSec + FAR_SEC;
}
