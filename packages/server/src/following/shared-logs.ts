/** The logs that are followed now: of each container one, however many follow it. */
import type { Clock } from '@kube-transform/runtime';
import type { ContainerPlace } from '../jobs/job-logs.js';
import type { PlacedLine } from './log-places.js';
import type { LogApi } from './read-log.js';
import { SharedLog } from './shared-log.js';

/** What logs are read with. */
export interface SharedLogsOptions {
  api: LogApi;
  clock: Clock;
  /** Characters of each log that are held for who comes later, or is slow. Default 128 Ki. */
  maxChars?: number | undefined;
}

const MAX_CHARS = 2 ** 17;

/** Logs by the pod and the container that write them. */
export class SharedLogs {
  readonly #options: SharedLogsOptions;
  readonly #logs = new Map<string, SharedLog>();

  constructor(options: SharedLogsOptions) {
    this.#options = options;
  }

  /** How many logs are read. */
  get size(): number {
    return this.#logs.size;
  }

  /** Tells how a container was seen, to who follows its log. */
  see(of: ContainerPlace, how: { hasEnded: boolean }): void {
    this.#logs.get(keyOf(of))?.see(how);
  }

  /** All lines of a log, also earlier ones, until it is over or the signal comes. Never rejects. */
  async *follow(
    of: ContainerPlace,
    { hasEnded = false, signal }: { hasEnded?: boolean; signal: AbortSignal },
  ): AsyncGenerator<readonly PlacedLine[], void> {
    const { api, clock, maxChars = MAX_CHARS } = this.#options;
    const key = keyOf(of);
    const known = this.#logs.get(key);
    const log = known === undefined || known.isLeft ? new SharedLog({ api, clock, of, maxChars }) : known;
    this.#logs.set(key, log);
    log.see({ hasEnded });
    try {
      yield* log.follow(signal);
    } finally {
      if (log.isLeft && this.#logs.get(key) === log) this.#logs.delete(key);
    }
  }
}

const keyOf = ({ pod, container }: ContainerPlace): string => `${pod}/${container}`;
