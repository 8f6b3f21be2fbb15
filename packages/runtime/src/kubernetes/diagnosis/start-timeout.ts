/*
 * How long something that does not start is waited for.
 *
 * VG1 What has started or ended since is evidence that all is well: the time begins anew.
 * VG2 Each reason has its own time, from when it was first seen; coming back does not renew it.
 * VG3 A reason that somebody may be about to mend (`fatal`) is final when it was seen at least twice, and for
 *     a while.
 * VG4 One that passes when others are done (`long`) has no time while other pods of the same run are at work.
 */
import type { PendingReason, WaitLimit } from './rejections.js';

const WAIT_LIMIT_MS: Record<WaitLimit, number> = {
  none: 0,
  fatal: 10_000,
  grace: 300_000,
  long: 1_800_000,
  endless: Number.POSITIVE_INFINITY,
};
/** Reasons that are told only when they last, in milliseconds. */
const TOLD_AFTER_MS: Record<string, number> = { Pulling: 8000, ContainerCreated: 8000, Silent: 20_000 };
const FIRST_LOOK_MS = 2000;
const EVERY_MS = 4000;
const SELDOM_MS = 30_000;

/** What an observation comes to. */
export interface StartObservation {
  /** Why it waits, with what to change; null where it does not. */
  message: string | null;
  /** Why it is not waited for any longer. */
  expired: PendingReason | null;
  /** Since it was last well. */
  waitedMs: number;
}

/** Waits for one thing to start. */
export class StartTimeout {
  readonly #limitMs: number | undefined;
  readonly #seen = new Map<string, { sinceMs: number; times: number }>();
  #quietSinceMs: number;
  #evidence = '';
  #nextMs: number;

  /** @param limitMs instead of the time that each reason has. */
  constructor(nowMs: number, limitMs?: number) {
    this.#limitMs = limitMs;
    this.#quietSinceMs = nowMs;
    this.#nextMs = nowMs + FIRST_LOOK_MS;
  }

  /** Takes note of what has happened so far, as a text that changes with it. True where it has changed. */
  note(evidence: string, nowMs: number): boolean {
    if (evidence === this.#evidence) return false;
    this.#evidence = evidence;
    this.started(nowMs);
    return true;
  }

  /** Something has started. */
  started(nowMs: number): void {
    this.#quietSinceMs = nowMs;
    this.#nextMs = nowMs + FIRST_LOOK_MS;
    this.#seen.clear();
  }

  /** How long until a look is worth its requests; 0: now. */
  pauseMs(nowMs: number): number {
    return Math.max(0, this.#nextMs - nowMs);
  }

  /**
   * Takes in why it waits now, as far as anything says so; null where it does not. `busy`: other pods of the
   * run are at work.
   */
  observe(waiting: PendingReason | null, nowMs: number, busy = false): StartObservation {
    const waitedMs = nowMs - this.#quietSinceMs;
    this.#nextMs = nowMs + Math.min(SELDOM_MS, Math.max(EVERY_MS, waitedMs / 5));
    if (waiting === null) return { message: null, expired: null, waitedMs };
    const seen = this.#seen.get(waiting.reason) ?? { sinceMs: nowMs, times: 0 };
    seen.times++;
    if (busy && waiting.waitLimit === 'long') seen.sinceMs = nowMs;
    this.#seen.set(waiting.reason, seen);
    const isTold = waitedMs >= (TOLD_AFTER_MS[waiting.reason] ?? 0);
    const expired = this.#isOver(waiting, seen, nowMs) ? waiting : null;
    return { message: isTold ? `${waiting.message}. ${waiting.remedy}` : null, expired, waitedMs };
  }

  #isOver(
    { waitLimit }: PendingReason,
    { sinceMs, times }: { sinceMs: number; times: number },
    nowMs: number,
  ): boolean {
    if (waitLimit === 'none') return true;
    if (this.#limitMs !== undefined) return nowMs - this.#quietSinceMs >= this.#limitMs;
    return times > 1 && nowMs - sinceMs >= WAIT_LIMIT_MS[waitLimit];
  }
}
