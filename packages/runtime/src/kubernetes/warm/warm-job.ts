/*
 * One Job of warm pods, as it was last seen. Pure.
 *
 * - Its pods end one by one, when they are told that nothing is left: it may be given more until all have.
 */
import { parseRanges } from '../api/index-ranges.js';
import { changeOf, isTerminalJob, type Job } from '../api/objects.js';
import { ANNOTATION, LABEL } from '../manifests/names.js';

/** A Job of warm pods. */
export class WarmJob {
  readonly name: string;
  readonly number: number;
  /** Of its pods. */
  readonly classId: string;
  readonly memory: string;
  #job: Job;
  #isGone = false;
  /** The pod that each index had last, of those that have asked. */
  readonly #uids = new Map<number, string>();
  /** Indexes that were told to end. */
  readonly #told = new Set<number>();

  constructor(job: Job) {
    const { annotations = {}, labels = {}, name } = job.metadata;
    this.name = name;
    this.number = Number(labels[LABEL.wave] ?? 1);
    this.classId = labels[LABEL.warm] ?? '';
    this.memory = annotations[ANNOTATION.memory] ?? '1Gi';
    this.#job = job;
  }

  get job(): Job {
    return this.#job;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Pods of it may run. */
  get isLive(): boolean {
    return !this.#isGone && !isTerminalJob(this.#job);
  }

  /** Indexes of its Job. */
  get lanes(): number {
    return this.#job.spec?.completions ?? 1;
  }

  get succeeded(): number {
    return this.#job.status?.succeeded ?? 0;
  }

  /** Pods that may go on. */
  get active(): number {
    return this.isLive ? Math.max(0, this.lanes - this.#over().size) : 0;
  }

  /** Those of them that have asked for something to do. */
  get ready(): number {
    if (!this.isLive) return 0;
    const over = this.#over();
    let ready = 0;
    for (const index of this.#uids.keys()) if (!over.has(index)) ready++;
    return ready;
  }

  /** Takes in how it is now; what is older than what was seen changes nothing. */
  see(job: Job, isGone: boolean): void {
    if (!isGone && changeOf(job) < changeOf(this.#job)) return;
    this.#job = job;
    this.#isGone = isGone;
  }

  /** Pods of it have failed. */
  get hasFailed(): boolean {
    return (this.#job.status?.failedIndexes ?? '') !== '';
  }

  /** A pod of it has asked; the one that its index had before, if any. */
  meet(index: number, uid: string): string | undefined {
    const before = this.#uids.get(index);
    this.#uids.set(index, uid);
    return before === uid ? undefined : before;
  }

  /** A pod was told to end. */
  tell(index: number): void {
    this.#told.add(index);
  }

  /** How the pod of an index has ended: nothing is left of it, whatever Kubernetes still says of it. */
  endOf(index: number, uid: string): 'completed' | 'failed' | null {
    const { completedIndexes, failedIndexes } = this.#job.status ?? {};
    if (parseRanges(completedIndexes).includes(index)) return 'completed';
    const last = this.#uids.get(index);
    const isReplaced = last !== undefined && last !== uid;
    return isReplaced || parseRanges(failedIndexes).includes(index) ? 'failed' : null;
  }

  #over(): Set<number> {
    const { completedIndexes, failedIndexes } = this.#job.status ?? {};
    return new Set([...this.#told, ...parseRanges(completedIndexes), ...parseRanges(failedIndexes)]);
  }
}
