/** How often one caller may ask: a bucket for each, filled at a steady rate. */
import type { Clock } from '@kube-transform/runtime';

const MAX_CALLERS = 10_000;

/** Counts what callers ask. */
export class RateLimit {
  readonly #perSec: number;
  readonly #clock: Pick<Clock, 'elapsedMs'>;
  readonly #buckets = new Map<string, { left: number; atMs: number }>();

  /** @param perSec requests of each caller; twice as many may come at once. */
  constructor(perSec: number, clock: Pick<Clock, 'elapsedMs'>) {
    this.#perSec = perSec;
    this.#clock = clock;
  }

  /** Seconds that a caller should wait; 0: the request may pass. */
  waitSec(caller: string): number {
    const nowMs = this.#clock.elapsedMs();
    const most = this.#perSec * 2;
    const before = this.#buckets.get(caller) ?? { left: most, atMs: nowMs };
    const left = Math.min(most, before.left + ((nowMs - before.atMs) / 1000) * this.#perSec);
    this.#buckets.delete(caller);
    this.#buckets.set(caller, { left: Math.max(0, left - 1), atMs: nowMs });
    // Of those who have been silent longest the count begins anew.
    if (this.#buckets.size > MAX_CALLERS) this.#buckets.delete(this.#buckets.keys().next().value ?? '');
    return left >= 1 ? 0 : Math.max(1, Math.ceil((1 - left) / this.#perSec));
  }
}
