/*
 * The warm pods of one class: what they could do, who waits for something to do, who is at what. Pure.
 *
 * WP1 A pod of a step is given to one at a time: who asks again, and has not done what it was given, is given
 *     that again.
 * - Steps are given in turn, each at most as often at once as its `parallelism` says.
 */
import type { JobOrder } from '../../ports/index.js';
import type { JobTally } from '../../run-store/job-tally.js';
import type { Pod } from '../api/objects.js';
import type { PendingReason } from '../diagnosis/rejections.js';
import { firstLanes, worthwhileLanes } from './lanes.js';
import type { WarmClass } from './warm-class.js';
import type { WarmJob } from './warm-job.js';

/** A warm pod that ended with something of a step undone. */
export interface LostPod {
  /** The pod of the step that it was at. */
  pod: number;
  /** As it was last seen; undefined where it is gone. */
  seen: Pod | undefined;
  /** What it was given. */
  memory: string;
  /** It was ended for taking longer than all attempts may. */
  isLate: boolean;
  /** The last segment of it that is to be in the store and is not; 0: none. */
  missing: number;
  /** When that was seen. */
  sinceMs: number;
}

/** What is needed of a step. */
export interface WarmStep {
  readonly name: string;
  readonly order: JobOrder;
  readonly tally: Pick<JobTally, 'isOpen' | 'openPods' | 'refreshPod'>;
  /** Memory that its next pod is given. */
  readonly memory: string;
  /** Nothing more of it is to be begun. */
  readonly isStopped: boolean;
  /** When something of it may be begun after what failed. */
  readonly nextGiveAtMs: number;
  /** Ends of pods that have not been dealt with. */
  readonly lost: LostPod[];
  /** Whose pods run it. */
  pool: WarmPool | null;
  /** It has been told to a pod before. */
  wasGiven(pod: number): boolean;
  setChanged(pod: number): void;
  refuse(refusal: PendingReason | null): void;
}

/** What a warm pod is given: a pod of a step. */
export interface Slice {
  step: WarmStep;
  pod: number;
}

/** A slice that a pod has. */
export interface Lease extends Slice {
  uid: string;
  job: WarmJob;
  index: number;
  sinceMs: number;
  isLate: boolean;
}

/** A pod that waits for an answer. */
export interface Waiter {
  uid: string;
  /** Since when it has had nothing to do. */
  idleMs: number;
  /** Answers: with what it is given, or with nothing. */
  answer: (lease: Lease | null) => void;
  leaseOf: (slice: Slice) => Lease;
}

/** A class of warm pods. */
export class WarmPool {
  /** Undefined while no step of it has come, after another controller has made its Jobs. */
  kind: WarmClass | undefined;
  readonly jobs = new Map<string, WarmJob>();
  /** Names of Jobs that are made from here. */
  readonly making = new Set<string>();
  readonly waiters = new Set<Waiter>();
  readonly #leases = new Map<string, Lease>();
  /** By step: what of it pods have. */
  readonly #held = new Map<WarmStep, Set<number>>();
  readonly #queue = new Map<WarmStep, number[]>();
  /** Why no Job can be made now, where that may pass. */
  refusal: PendingReason | null = null;
  #lastNumber = 0;
  #madeMs = 0;
  #startMs: number | null = null;
  /** Since when something has been waiting for a pod, how much was given since, and when the last was. */
  #busyMs = 0;
  #done = 0;
  #givenMs = 0;

  /** Jobs of it whose pods may go on. */
  get live(): WarmJob[] {
    return [...this.jobs.values()].filter(({ active }) => active > 0);
  }

  get active(): number {
    return this.live.reduce((sum, { active }) => sum + active, 0);
  }

  get leases(): Lease[] {
    return [...this.#leases.values()];
  }

  /** The number of the next Job. */
  nextNumber(): number {
    for (const { number } of this.jobs.values()) this.#lastNumber = Math.max(this.#lastNumber, number);
    return ++this.#lastNumber;
  }

  /** Whether one of these has a pod of a step. */
  holds(step: WarmStep, pod: number): boolean {
    return this.#held.get(step)?.has(pod) === true;
  }

  leaseOf(uid: string): Lease | undefined {
    return this.#leases.get(uid);
  }

  release(lease: Lease): void {
    if (this.#leases.get(lease.uid) !== lease) return;
    this.#leases.delete(lease.uid);
    const held = this.#held.get(lease.step);
    held?.delete(lease.pod);
    if (held?.size === 0) this.#held.delete(lease.step);
  }

  /** What of a step is to be done, in the place of what was offered before. */
  offer(step: WarmStep, pods: readonly number[], nowMs: number): void {
    if (pods.length === 0) this.#queue.delete(step);
    else {
      if (this.givable === 0) [this.#busyMs, this.#done] = [nowMs, 0];
      this.#queue.set(step, [...pods]);
    }
  }

  /** Steps of which something is to be done. */
  get steps(): WarmStep[] {
    return [...this.#queue.keys()];
  }

  /** How much more could be with pods now. */
  get givable(): number {
    let all = 0;
    for (const [step, pods] of this.#queue) all += Math.min(pods.length, this.#roomOf(step));
    return all;
  }

  /** Gives what can be given to who waits; those that had something to do last come first. */
  give(nowMs: number): void {
    for (;;) {
      const [waiter] = [...this.waiters].sort((a, b) => b.idleMs - a.idleMs);
      if (waiter === undefined) return;
      const lease = this.take(waiter, nowMs);
      if (lease === null) return;
      waiter.answer(lease);
    }
  }

  /** The next slice, which is now this pod's; null: nothing can be given. */
  take({ leaseOf }: Pick<Waiter, 'leaseOf'>, nowMs: number): Lease | null {
    const slice = this.next();
    if (slice === null) return null;
    const { step, pod } = slice;
    const lease = leaseOf(slice);
    this.#leases.set(lease.uid, lease);
    const held = this.#held.get(step);
    if (held === undefined) this.#held.set(step, new Set([pod]));
    else held.add(pod);
    this.#startMs ??= nowMs - this.#madeMs;
    this.#givenMs = nowMs;
    this.#done++;
    return lease;
  }

  /** The next slice, which is nobody's until it is offered again; null: nothing can be given. */
  next(): Slice | null {
    for (const [step, pods] of this.#queue) {
      if (step.isStopped) this.#queue.delete(step);
      else if (this.#roomOf(step) > 0) {
        const pod = pods.shift();
        this.#queue.delete(step);
        if (pod === undefined) continue;
        if (pods.length > 0) this.#queue.set(step, pods);
        return { step, pod };
      }
    }
    return null;
  }

  /** A Job was made. */
  made(job: WarmJob, nowMs: number): void {
    this.jobs.set(job.name, job);
    this.#madeMs = nowMs;
  }

  /** How many pods more are worth their start, so that there are at most `limit`. */
  wanted(limit: number, nowMs: number): number {
    const { givable, active } = this;
    if (givable === 0) return 0;
    const ready = this.live.reduce((sum, job) => sum + job.ready, 0);
    const all = givable + this.#leases.size;
    let first = 0;
    for (const { order } of this.#queue.keys())
      first = Math.max(first, firstLanes(all, order.job.parallelism));
    // All are at something: the last for so long.
    const [workedMs, silentMs] = [nowMs - this.#busyMs, nowMs - this.#givenMs];
    const at = { lanes: active, ready, unassigned: givable, done: this.#done, startMs: this.#startMs ?? 0 };
    // How long anything takes is not known before the first has begun.
    const worth = ready === 0 ? 0 : worthwhileLanes({ ...at, workedMs, silentMs }, limit);
    return Math.max(0, Math.min(limit, all, Math.max(first, worth)) - active);
  }

  #roomOf(step: WarmStep): number {
    const { parallelism } = step.order.job;
    if (parallelism === null) return Number.POSITIVE_INFINITY;
    return Math.max(0, parallelism - (this.#held.get(step)?.size ?? 0));
  }
}
