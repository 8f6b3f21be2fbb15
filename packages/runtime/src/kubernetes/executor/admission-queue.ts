/*
 * Which jobs have pods now: as many as the run may have, the others wait in the order in which they came.
 *
 * TU1 A job that was admitted stays so until it is settled, and counts as one pod at least.
 * TU2 The pods of a settled job count until they have ended, for some time: one that never ends holds nobody
 *     up for good.
 * - Each question costs at most as many looks as there are pods allowed, however many jobs wait.
 */
import type { JobExecution } from './job-execution.js';

/** As long as Kubernetes lets a pod take by default. */
const LEAVE_WITHIN_MS = 30_000;

/** The admission of a run's jobs. */
export class AdmissionQueue {
  readonly #maxPods: number;
  readonly #others: () => number;
  readonly #admitted = new Set<JobExecution>();
  readonly #waiting = new Set<JobExecution>();
  /** Settled jobs whose pods may not have ended, and since when. */
  readonly #leaving = new Map<JobExecution, number>();

  /** @param others pods that are of none of the jobs. Default: there are none. */
  constructor(maxPods: number, others: () => number = () => 0) {
    this.#maxPods = maxPods;
    this.#others = others;
  }

  /** Jobs that were admitted and are not settled. */
  get admitted(): readonly JobExecution[] {
    return [...this.#admitted];
  }

  /** Pods that they may have in all. */
  get room(): number {
    let leaving = 0;
    for (const execution of this.#leaving.keys()) leaving += execution.podsLeft;
    return Math.max(0, this.#maxPods - leaving - this.#others());
  }

  /** Admits a job where there is room; else it waits. */
  admit(execution: JobExecution): boolean {
    if (this.#admitted.has(execution)) return true;
    if (execution.live.length === 0 && this.free <= 0) {
      this.#waiting.add(execution);
      return false;
    }
    this.#waiting.delete(execution);
    this.#admitted.add(execution);
    return true;
  }

  /** A job is settled: those that may be admitted now. */
  release(execution: JobExecution, nowMs: number): JobExecution[] {
    this.#admitted.delete(execution);
    this.#waiting.delete(execution);
    this.#leaving.set(execution, nowMs);
    return this.recount(nowMs);
  }

  /** Pods of settled jobs may have ended: jobs that may be admitted now. */
  recount(nowMs: number): JobExecution[] {
    for (const [execution, sinceMs] of this.#leaving)
      if (execution.podsLeft === 0 || nowMs - sinceMs >= LEAVE_WITHIN_MS) this.#leaving.delete(execution);
    return this.#waiting.size === 0 ? [] : [...this.#waiting].slice(0, Math.max(0, this.free));
  }

  /** Pods that more jobs may have. */
  get free(): number {
    let free = this.room;
    for (const { podsLeft } of this.#admitted) free -= Math.max(1, podsLeft);
    return free;
  }
}
