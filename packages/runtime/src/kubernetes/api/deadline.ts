/** A signal that ends with any of others, or when its time is up. */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../../ports/index.js';

/** Why what is over is given up: an error of its own for each call would take a look at its stack. */
const OVER = new Error('It is over.');

/**
 * Bundles what may end an action into one signal.
 *
 * `AbortSignal.any` would keep a trace of every call on a signal that lives as long as the process: here,
 * `release` leaves none.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #released = new AbortController();

  constructor(...signals: (AbortSignal | undefined)[]) {
    for (const signal of signals) {
      if (signal === undefined) continue;
      if (signal.aborted) this.end(signal.reason);
      // Many calls at once are no leak.
      setMaxListeners(0, signal);
      signal.addEventListener('abort', () => this.end(signal.reason), {
        once: true,
        signal: this.#released.signal,
      });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Ends when the action is over, in whatever way. */
  get over(): AbortSignal {
    return this.#released.signal;
  }

  /** Ends the action. */
  end(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** Ends the action after a time, if it is not over by then. */
  endAfter(clock: Clock, ms: number, reason: () => unknown): void {
    clock.sleep(ms, this.over).then(
      () => this.end(reason()),
      () => undefined,
    );
  }

  /** The action is over: nothing is held any more. */
  release(): void {
    this.#released.abort(OVER);
  }
}

/** The error of an answer that did not come in time. */
export const tooLate = (ms: number): Error =>
  Object.assign(new Error(`no answer within ${Math.round(ms / 1000)} s`), { code: 'ETIMEDOUT' });
