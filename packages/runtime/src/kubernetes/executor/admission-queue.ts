/*
 * Which jobs have pods now: as many as the run may have, the others wait in the order in which they came.
 *
 * TU1 A job that was admitted stays so until it is settled, and counts as one pod at least.
 * - Each question costs at most as many looks as there are pods allowed, however many jobs wait.
 */
import type { JobExecution } from './job-execution.js';

/** The admission of a run's jobs. */
export class AdmissionQueue {
  readonly #maxPods: number;
  readonly #admitted = new Set<JobExecution>();
  readonly #waiting = new Set<JobExecution>();

  constructor(maxPods: number) {
    this.#maxPods = maxPods;
  }

  /** Jobs that were admitted and are not settled. */
  get admitted(): readonly JobExecution[] {
    return [...this.#admitted];
  }

  /** Admits a job where there is room; else it waits. */
  admit(execution: JobExecution): boolean {
    if (this.#admitted.has(execution)) return true;
    if (execution.live.length === 0 && this.#taken() >= this.#maxPods) {
      this.#waiting.add(execution);
      return false;
    }
    this.#waiting.delete(execution);
    this.#admitted.add(execution);
    return true;
  }

  /** A job is settled: those that may be admitted now. */
  release(execution: JobExecution): JobExecution[] {
    this.#admitted.delete(execution);
    this.#waiting.delete(execution);
    return [...this.#waiting].slice(0, Math.max(0, this.#maxPods - this.#taken()));
  }

  #taken(): number {
    let pods = 0;
    for (const { live } of this.#admitted)
      pods += Math.max(
        1,
        live.reduce((sum, { parallelism }) => sum + parallelism, 0),
      );
    return pods;
  }
}
