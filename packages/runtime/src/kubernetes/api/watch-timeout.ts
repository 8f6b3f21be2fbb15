/** Ends a watch that nobody answers any more, or that has gone on for long enough. */
import type { Clock } from '../../ports/index.js';
import type { Deadline } from './deadline.js';
import { type KubeCall, unreachable } from './kube-error.js';

/** Why a watch was ended here, where nothing is wrong. */
export const LIST_IS_OLD = Symbol('list is old');

/** A watch and what ends it. */
export interface TimedWatch {
  clock: Clock;
  deadline: Deadline;
  idleMs: number;
  relistMs: number;
  listedMs: number;
  call: KubeCall;
}

/**
 * Ends a watch that has been waited for too long, or whose list is old. Time that the reader takes is not
 * counted.
 */
export class WatchTimeout {
  readonly #clock: Clock;
  #waitsSinceMs: number | undefined;

  constructor(guarded: TimedWatch) {
    this.#clock = guarded.clock;
    this.waits();
    this.#run(guarded).catch(() => undefined);
  }

  /** Something came. */
  heard(): void {
    this.#waitsSinceMs = undefined;
  }

  /** The reader is done with what came. */
  waits(): void {
    this.#waitsSinceMs = this.#clock.elapsedMs();
  }

  async #run({ clock, deadline, idleMs, relistMs, listedMs, call }: TimedWatch): Promise<void> {
    for (;;) {
      const nowMs = clock.elapsedMs();
      const idleAtMs = (this.#waitsSinceMs ?? nowMs) + idleMs;
      const oldAtMs = listedMs + relistMs;
      if (nowMs >= idleAtMs) {
        const error = Object.assign(new Error(`nothing was heard for ${Math.round(idleMs / 1000)} s`), {
          code: 'ETIMEDOUT',
        });
        return deadline.end(unreachable(call, error));
      }
      if (nowMs >= oldAtMs) return deadline.end(LIST_IS_OLD);
      await clock.sleep(Math.min(idleAtMs, oldAtMs) - nowMs, deadline.over);
    }
  }
}
