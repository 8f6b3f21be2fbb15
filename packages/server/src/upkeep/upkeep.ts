/** All that a server does for Jobs that are there, but for their retention. */
import type { Clock } from '@kube-transform/runtime';
import type { JobManager } from '../jobs/managed-jobs.js';
import { FollowedJobs } from './followed-jobs.js';
import { Releases } from './releases.js';
import { rounds } from './rounds.js';
import { type WebhookResult, Webhooks } from './webhooks.js';
import type { WebhookSettings } from './webhook-request.js';

/** What is done, and with what. */
export interface UpkeepOptions {
  jobs: JobManager;
  clock: Clock;
  /** Who is told of ends. Default: nobody. */
  webhook?: WebhookSettings | undefined;
  /** Told in a sentence of what goes wrong. */
  tell?: (message: string) => void;
  /** Counts attempts to tell. */
  told?: (result: WebhookResult) => void;
}

/** Lets Jobs go that wait for others, and tells of ends. */
export class JobUpkeep {
  readonly #clock: Clock;
  readonly #followed: FollowedJobs;
  readonly #releases: Releases;
  readonly #webhooks: Webhooks | undefined;

  constructor({ webhook, tell = () => undefined, told, ...options }: UpkeepOptions) {
    const followed = new FollowedJobs({ ...options, tell });
    this.#clock = options.clock;
    this.#followed = followed;
    this.#releases = new Releases({ ...options, followed, tell });
    const more = { followed, tell, ...(told === undefined ? {} : { told }) };
    this.#webhooks =
      webhook === undefined ? undefined : new Webhooks({ ...options, ...more, settings: webhook });
  }

  /** Rejects with KtError where the secrets of the webhook cannot be used. */
  async start(): Promise<void> {
    await this.#webhooks?.start();
  }

  /** Works until the signal; what has begun is done. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const when = { clock: this.#clock, signal };
    const webhooks = this.#webhooks;
    await Promise.all([
      this.#followed.run(signal),
      rounds(this.#followed, () => this.#releases.round(signal), when),
      webhooks === undefined ? undefined : rounds(this.#followed, () => webhooks.round(signal), when),
    ]);
  }
}
