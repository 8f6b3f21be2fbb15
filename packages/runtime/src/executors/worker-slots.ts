/** The worker processes of a pool: at most so many, each for jobs of one class (memory and environment). */
import type { KTJob } from '@kube-transform/sdk';
import type { Clock } from '../ports/index.js';
import { GroupGuard } from './group-guard.js';
import { WorkerProcess } from './worker-process.js';

const STOP_GRACE_MS = 5000;

/** A process, and what it is at. */
export interface Slot<T> {
  readonly key: string;
  readonly worker: WorkerProcess;
  task: T | undefined;
}

/** The slots of a pool. */
export class WorkerSlots<T> {
  readonly #options: { entry: string; storeUrl: string; clock: Clock };
  readonly #size: number;
  readonly #slots = new Set<Slot<T>>();
  readonly #closing: Promise<void>[] = [];
  readonly #guard = new GroupGuard();

  constructor(options: { entry: string; storeUrl: string; clock: Clock }, size: number) {
    this.#options = options;
    this.#size = size;
  }

  [Symbol.iterator](): Iterator<Slot<T>> {
    return this.#slots.values();
  }

  /** An idle process for a job, started where there is room for one; undefined where all are busy. */
  take({ memory, env }: KTJob): Slot<T> | undefined {
    const key = JSON.stringify([memory, env]);
    const idle = [...this.#slots].filter(slot => slot.task === undefined);
    const fitting = idle.find(slot => slot.key === key);
    if (fitting !== undefined) return fitting;
    if (this.#slots.size >= this.#size) {
      const [other] = idle;
      if (other === undefined) return undefined;
      this.#close(other, STOP_GRACE_MS);
    }
    const { entry, storeUrl, clock } = this.#options;
    const worker = new WorkerProcess({ entry, storeUrl, clock, memory, env, guard: this.#guard });
    const slot: Slot<T> = { key, task: undefined, worker };
    this.#slots.add(slot);
    void worker.exited.then(() => this.#slots.delete(slot));
    return slot;
  }

  /** A process has ended by itself. */
  forget(slot: Slot<T>): void {
    this.#slots.delete(slot);
  }

  /** Ends all processes, at once those that are at something; resolves when they have ended. */
  async closeAll(): Promise<void> {
    for (const slot of this.#slots) this.#close(slot, slot.task === undefined ? STOP_GRACE_MS : 0);
    await Promise.all(this.#closing);
    this.#guard.close();
  }

  #close(slot: Slot<T>, graceMs: number): void {
    this.#slots.delete(slot);
    this.#closing.push(slot.worker.close(graceMs));
  }
}
