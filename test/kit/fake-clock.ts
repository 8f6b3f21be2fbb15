/** A clock that goes on when it is told to. */
import type { Clock } from '@kube-transform/runtime';

interface Wait {
  atMs: number;
  ms: number;
  wake: () => void;
}

/**
 * Time stands still but for `advance`, and for waits that are let pass: those take no time, and the clock
 * goes on by what they ask for.
 */
export class FakeClock implements Clock {
  /** The waits that were let pass. */
  readonly passed: number[] = [];
  /** What chance says: a digit of base 36, repeated. */
  digit = 'i';
  #nowMs = 1_700_000_000_000;
  readonly #letPass: (ms: number) => boolean;
  readonly #waits = new Set<Wait>();
  #onWait: (() => void)[] = [];

  constructor(letPass: (ms: number) => boolean = () => false) {
    this.#letPass = letPass;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  elapsedMs(): number {
    return this.#nowMs;
  }

  randomId(length: number): string {
    return this.digit.repeat(length);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (ms <= 0 || this.#letPass(ms)) {
      if (ms > 0) this.passed.push(ms);
      this.advance(Math.max(0, ms));
      return new Promise(resolve => setImmediate(resolve));
    }
    return new Promise((resolve, reject) => {
      const wait = { atMs: this.#nowMs + ms, ms, wake: resolve };
      this.#waits.add(wait);
      signal?.addEventListener('abort', () => {
        if (this.#waits.delete(wait)) reject(signal.reason);
        this.#look();
      });
      this.#look();
    });
  }

  /** Lets time pass. */
  advance(ms: number): void {
    this.#nowMs += ms;
    for (const wait of this.#waits) {
      if (wait.atMs > this.#nowMs) continue;
      this.#waits.delete(wait);
      wait.wake();
    }
    this.#look();
  }

  /** Resolves when somebody waits for that long, or when nobody does. */
  async waitedFor(ms: number, somebody = true): Promise<void> {
    while (this.waiting.includes(ms) !== somebody)
      await new Promise<void>(resolve => this.#onWait.push(resolve));
  }

  /** How long those who wait do so. */
  get waiting(): number[] {
    return [...this.#waits].map(wait => wait.ms);
  }

  #look(): void {
    for (const look of this.#onWait.splice(0)) look();
  }
}
