/** Which failures of a call are worth another attempt, when it is made, and when that is enough. */
import type { Clock } from '../../ports/index.js';
import type { KubeError } from './kube-error.js';

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

  constructor(clock: Clock, retryForMs: number) {
    this.#clock = clock;
    this.#endMs = clock.elapsedMs() + retryForMs;
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
    const delayMs = Math.floor((error.retryAfterMs ?? 0) + chance(this.#clock) * backoffMs);
    return this.#clock.elapsedMs() + delayMs < this.#endMs ? delayMs : undefined;
  }
}
