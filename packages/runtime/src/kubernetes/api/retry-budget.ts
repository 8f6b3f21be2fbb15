/**
 * Which failures of a call are worth another attempt, when it is made, when that is enough, and what is said
 * meanwhile.
 */
import type { Clock } from '../../ports/index.js';
import { IN_CLUSTER } from './connection.js';
import { type KubeCall, type KubeError, pathOf } from './kube-error.js';

/** Errors of a network that may pass soon. */
const PASSING_REASONS = new Set([
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'ECONNABORTED',
    'EPIPE',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'EHOSTDOWN',
    'ENETUNREACH',
    'ENETDOWN',
  ],
  ...['ENOTFOUND', 'EAI_AGAIN'],
]);
const PASSING_STATUSES = new Set([429, 500, 502, 503, 504]);
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 10_000;
/** When it is said that a call has no answer, and how often in all. */
const TELL_AFTER_MS = 3000;
const TELL_EVERY_MS = 60_000;

/** True where the same request may succeed in a while. */
export function isPassing(error: KubeError, method: string): boolean {
  if (error.status === 0) return PASSING_REASONS.has(error.reason);
  // A POST in conflict with anything but its own name has met a quota that is being counted.
  if (error.status === 409) return method === 'POST' && error.reason !== 'AlreadyExists';
  return PASSING_STATUSES.has(error.status);
}

/** A number from 0 up to, not including, 1. */
export const chance = (clock: Clock): number => Number.parseInt(clock.randomId(8), 36) / 36 ** 8;

/** How long one call is tried again. */
export class RetryBudget {
  readonly #clock: Clock;
  readonly #endMs: number;
  #failures = 0;
  /** Why the last attempt failed; undefined where none has. */
  lastError: KubeError | undefined;

  constructor(clock: Clock, retryForMs: number) {
    this.#clock = clock;
    this.#endMs = clock.elapsedMs() + retryForMs;
  }

  /** How long it is still tried again. */
  get leftMs(): number {
    return Math.max(0, this.#endMs - this.#clock.elapsedMs());
  }

  /**
   * How long to wait before another attempt: full jitter, after the server's own wish. Undefined where there
   * is no time for one.
   */
  delayMs(error: KubeError): number | undefined {
    // The server had closed an idle connection, which is no fault of its own.
    const stale = this.#failures === 0 && (error.cause as { stale?: boolean } | undefined)?.stale === true;
    const backoffMs = stale ? 0 : Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures);
    this.#failures++;
    this.lastError = error;
    const delayMs = Math.floor((error.retryAfterMs ?? 0) + chance(this.#clock) * backoffMs);
    return this.#clock.elapsedMs() + delayMs < this.#endMs ? delayMs : undefined;
  }
}

/** Says in words that calls have no answer: after three seconds, and once a minute, however many they are. */
export class Silence {
  readonly #clock: Clock;
  readonly #tell: (text: string) => void;
  #nextMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, tell: (text: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  /** A call begins; aborted when it has ended. */
  begin(call: KubeCall, budget: RetryBudget): AbortController {
    const ended = new AbortController();
    void this.#attend(call, budget, ended.signal);
    return ended;
  }

  async #attend(call: KubeCall, budget: RetryBudget, ended: AbortSignal): Promise<void> {
    const beganMs = this.#clock.elapsedMs();
    for (let pauseMs = TELL_AFTER_MS; ; pauseMs = TELL_EVERY_MS) {
      await this.#clock.sleep(pauseMs, ended).catch(() => undefined);
      if (ended.aborted) return;
      const nowMs = this.#clock.elapsedMs();
      if (nowMs < this.#nextMs) continue;
      this.#nextMs = nowMs + TELL_EVERY_MS;
      this.#tell(inWords(call, budget, nowMs - beganMs));
    }
  }
}

function inWords({ to, ...call }: KubeCall, { lastError, leftMs }: RetryBudget, waitedMs: number): string {
  const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
  const what = `The cluster "${to.name}" at ${to.server} has not answered ${pathOf({ to, ...call })} for ${seconds(waitedMs)}.`;
  const again = leftMs > 0 ? ` It is asked again for up to ${seconds(leftMs)}.` : '';
  const guess = to.name === IN_CLUSTER ? ' A NetworkPolicy may keep pods of this namespace from it.' : '';
  return `${lastError?.problems[0]?.message ?? what}${again}${guess}`;
}
