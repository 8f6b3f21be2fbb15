/*
 * Which steps have pods now: as many as the run may have, the others wait in the order in which they came.
 *
 * TU1 A step that has begun keeps its turn until it is settled, and counts as one pod at least.
 * TU2 Each question costs at most as many looks as there are pods allowed, however many steps wait.
 */
import type { JobExecution } from './job-execution.js';

/** The turns of a run's steps. */
export class AdmissionQueue {
  readonly #maxPods: number;
  readonly #begun = new Set<JobExecution>();
  #waiting = new Set<JobExecution>();

  constructor(maxPods: number) {
    this.#maxPods = maxPods;
  }

  /** Steps that have begun. */
  get begun(): readonly JobExecution[] {
    return [...this.#begun];
  }

  /** Takes a turn where there is one; else the step waits. */
  admit(step: JobExecution): boolean {
    if (this.#begun.has(step)) return true;
    if (step.live.length === 0 && this.#taken() >= this.#maxPods) {
      this.#waiting.add(step);
      return false;
    }
    this.#waiting.delete(step);
    this.#begun.add(step);
    return true;
  }

  /** A step has ended: those whose turn it may be now. */
  release(step: JobExecution): JobExecution[] {
    this.#begun.delete(step);
    this.#waiting.delete(step);
    const free = this.#maxPods - this.#taken();
    const next: JobExecution[] = [];
    for (const waiting of this.#waiting) {
      if (next.length >= free) break;
      next.push(waiting);
    }
    return next;
  }

  #taken(): number {
    let pods = 0;
    for (const { live } of this.#begun)
      pods += Math.max(
        1,
        live.reduce((sum, wave) => sum + (wave.seen.spec?.parallelism ?? 0), 0),
      );
    return pods;
  }
}
