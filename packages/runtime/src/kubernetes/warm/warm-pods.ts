/*
 * Warm pods: they are of no step, and do what is to be done of any step of their class.
 *
 * WP2 What a pod has is known by its uid: another pod in the place of one that ended is given something else,
 *     and what the first had is given on only when its end has been dealt with.
 * - What pods have is not stored: see `decisions/0040`.
 */
import type { Assignment, Clock, WarmRequest } from '../../ports/index.js';
import { isOwnedBy, type Job, type Pod } from '../api/objects.js';
import { BELIEVED_MS, LOOK_AGAIN_MS } from '../diagnosis/pod-termination.js';
import { LABEL } from '../manifests/names.js';
import { longestSeconds } from '../manifests/pod-spec.js';
import { isWarm, warmClass } from './warm-class.js';
import { WarmEnds } from './warm-ends.js';
import type { WarmJob } from './warm-job.js';
import { WarmJobs } from './warm-jobs.js';
import type { Lease, Waiter, WarmPool, WarmStep } from './warm-pool.js';
import { type WarmAround, type WarmOptions, WarmPools } from './warm-pools.js';

/** How long a pod with nothing to do is kept, and how long it waits for one answer. */
const KEPT_MS = 10_000;
const ANSWER_MS = 5000;
/** How often it is looked whether more pods are worth their start. */
const LOOK_MS = 500;

/** The warm pods of a run. */
export class WarmPods {
  readonly #o: WarmOptions;
  readonly #clock: Clock;
  readonly #around: WarmAround;
  readonly #cluster: WarmJobs;
  readonly #ends: WarmEnds;
  readonly #pools = new WarmPools();
  readonly #steps = new Set<WarmStep>();
  /** Since when a pod has had nothing to do, by uid. */
  readonly #idleMs = new Map<string, number>();
  /** What was said to be stored: since when, and the last segment. */
  readonly #said = new Map<WarmStep, Map<number, { sinceMs: number; last: number }>>();
  readonly #providing = new Map<WarmPool, Promise<void>>();
  readonly #looking = new Set<WarmPool>();
  #is: 'open' | 'left' | 'over' = 'open';

  constructor(options: WarmOptions, around: WarmAround) {
    this.#o = options;
    this.#clock = options.clock;
    this.#around = around;
    this.#cluster = new WarmJobs(options);
    this.#ends = new WarmEnds(options, around, { pools: this.#pools, cluster: this.#cluster });
  }

  /** Pods that there may be. */
  get active(): number {
    return this.#pools.all.reduce((sum, { active }) => sum + active, 0);
  }

  /** Steps that are theirs and not over. */
  get steps(): WarmStep[] {
    return [...this.#steps];
  }

  /** Whether a step is theirs. */
  runs({ order }: WarmStep): boolean {
    return isWarm(order.job, this.#o.frame.settings);
  }

  /** Has what is left of a step done, now or when there are pods. Rejects with KubeError. */
  async offer(step: WarmStep): Promise<void> {
    this.#steps.add(step);
    const kind = warmClass(this.#o.frame, step.order.job, step.memory);
    const pool = this.#pools.of(kind.id);
    pool.kind = kind;
    if (step.pool !== pool) step.pool?.offer(step, [], this.#elapsedMs());
    step.pool = pool;
    if (!(await this.#ends.isKnown(step))) return;
    const waitMs = step.nextGiveAtMs - this.#elapsedMs();
    if (waitMs > 0) this.#wakeLater(step, waitMs);
    // Before anything is done again: has it been done after all?
    else
      for (const pod of this.#open(step)) {
        if (step.wasGiven(pod)) await step.tally.refreshPod(pod);
        if (!step.tally.isOpen(pod)) this.#wakeLater(step, 0);
      }
    if (this.#is !== 'open' || step.isStopped) return;
    pool.offer(step, waitMs > 0 ? [] : this.#open(step), this.#elapsedMs());
    pool.give(this.#elapsedMs());
    await this.#provide(pool);
    step.refuse(pool.givable > 0 ? pool.refusal : null);
  }

  /** A pod asks for something to do. Null: it is to ask again, perhaps somebody else. */
  async ask({ warm, index, uid, done }: WarmRequest, signal: AbortSignal): Promise<Assignment | null> {
    const job = this.#pools.job(warm);
    if (this.#is === 'over') return { pod: null };
    if (this.#is === 'left' || job === undefined) return null;
    const pool = this.#pools.of(job.classId);
    if (done !== undefined) this.#took(pool, uid, done);
    this.#ends.asks(pool, job, { index, uid });
    const had = pool.leaseOf(uid);
    if (had !== undefined) {
      if (!had.step.isStopped && had.step.tally.isOpen(had.pod)) return this.#around.told(had, true);
      pool.release(had);
    }
    const idleMs = this.#idleMs.get(uid) ?? this.#elapsedMs();
    this.#idleMs.set(uid, idleMs);
    const leaseOf: Waiter['leaseOf'] = slice => {
      this.#idleMs.delete(uid);
      return { ...slice, uid, job, index, sinceMs: this.#elapsedMs(), isLate: false };
    };
    const asks = { uid, idleMs, leaseOf };
    const lease = pool.take(asks, this.#elapsedMs()) ?? (await this.#wait(pool, asks, signal));
    if (lease !== null) return this.#around.told(lease, false);
    const isKept = this.#elapsedMs() - idleMs < KEPT_MS && !this.#isOver();
    if (isKept || signal.aborted) return { pod: null, isLater: true };
    job.tell(index);
    this.#idleMs.delete(uid);
    return { pod: null };
  }

  /** These are all Jobs that there are. */
  jobsAre(names: ReadonlySet<string>): void {
    for (const { name, job, isGone } of this.#pools.jobs)
      if (!isGone && !names.has(name)) this.jobIs(job, true);
  }

  /** How one of the Jobs is now. False where it is of a step. */
  jobIs(object: Job, isGone: boolean): boolean {
    if (object.metadata.labels?.[LABEL.warm] === undefined) return false;
    const known = this.#pools.job(object.metadata.name);
    // Another run may have had its id.
    if (!isOwnedBy(object, this.#o.frame.owner.uid) || (known === undefined && isGone)) return true;
    const job = known ?? this.#pools.add(object, this.#elapsedMs());
    job.see(object, isGone);
    const pool = this.#pools.of(job.classId);
    if (known === undefined && !pool.making.has(job.name)) this.#ends.found(job);
    this.#ends.changed(job);
    for (const step of pool.steps) this.#around.wake(step);
    if (!job.isLive) this.#later(this.#remove(pool, job));
    return true;
  }

  /** A pod has failed. False where it is of a step. */
  podFailed(seen: Pod): boolean {
    return this.#ends.failed(seen);
  }

  /** Nothing more of a step is to be done: pods that are at it end. */
  async stop(step: WarmStep): Promise<void> {
    this.forget(step);
    for (const pool of this.#pools.all)
      for (const lease of pool.leases) if (lease.step === step) await this.#cluster.end(lease);
  }

  /** A step is over. */
  forget(step: WarmStep): void {
    this.#steps.delete(step);
    this.#said.delete(step);
    this.#ends.forget(step);
    step.pool?.offer(step, [], this.#elapsedMs());
  }

  /** Time has passed: pods that took longer than all attempts may are ended. */
  tick(): void {
    for (const lease of this.#pools.all.flatMap(({ leases }) => leases)) {
      const seconds = longestSeconds(lease.step.order.job, lease.step.order.itemsPerPod);
      if (seconds === null || lease.isLate || this.#elapsedMs() - lease.sinceMs < seconds * 1000) continue;
      lease.isLate = true;
      this.#later(this.#cluster.end(lease));
    }
  }

  /** This controller gives nothing more; `isOver`: nobody does, and pods end. */
  async close(isOver: boolean): Promise<void> {
    this.#is = isOver ? 'over' : 'left';
    for (const pool of this.#pools.all) {
      for (const waiter of [...pool.waiters]) waiter.answer(null);
      if (isOver) for (const job of pool.jobs.values()) await this.#remove(pool, job);
    }
  }

  #isOver(): boolean {
    return this.#is === 'over';
  }

  #elapsedMs(): number {
    return this.#clock.elapsedMs();
  }

  /** What of a step nobody has, as far as is known. */
  #open(step: WarmStep): number[] {
    const lost = new Set(step.lost.map(({ pod }) => pod));
    const said = this.#said.get(step);
    return step.tally.openPods().filter(pod => {
      if (lost.has(pod) || this.#pools.hold(step, pod)) return false;
      const word = said?.get(pod);
      if (word === undefined) return true;
      if (this.#elapsedMs() - word.sinceMs >= BELIEVED_MS) {
        said?.delete(pod);
        const { name, memory } = step;
        this.#ends.lose(name, { seen: undefined, isLate: false, missing: word.last, pod, memory });
      } else {
        step.setChanged(pod);
        this.#wakeLater(step, LOOK_AGAIN_MS);
      }
      return false;
    });
  }

  /** A pod has done what it was given, and has stored it. */
  #took(pool: WarmPool, uid: string, { job, pod, last }: NonNullable<WarmRequest['done']>): void {
    const lease = pool.leaseOf(uid);
    if (lease?.step.name === job && lease.pod === pod) pool.release(lease);
    const step = this.#around.stepOf(job);
    if (step === undefined || step.isStopped || !step.tally.isOpen(pod)) return;
    const said = this.#said.get(step) ?? new Map<number, { sinceMs: number; last: number }>();
    this.#said.set(step, said.set(pod, { sinceMs: this.#elapsedMs(), last }));
  }

  #wait(pool: WarmPool, asks: Omit<Waiter, 'answer'>, signal: AbortSignal): Promise<Lease | null> {
    const waitMs = Math.min(ANSWER_MS, asks.idleMs + KEPT_MS - this.#elapsedMs());
    if (waitMs <= 0 || signal.aborted) return Promise.resolve(null);
    return new Promise(resolve => {
      const over = new AbortController();
      const answer = (lease: Lease | null): void => {
        pool.waiters.delete(waiter);
        signal.removeEventListener('abort', nothing);
        over.abort();
        resolve(lease);
      };
      const waiter = { ...asks, answer };
      pool.waiters.add(waiter);
      const nothing = (): void => (pool.waiters.has(waiter) ? answer(null) : undefined);
      signal.addEventListener('abort', nothing, { once: true });
      this.#clock.sleep(waitMs, over.signal).then(nothing, () => undefined);
    });
  }

  /** Pods for what is to be given, and soon again where they are not enough. */
  #provide(pool: WarmPool): Promise<void> {
    const begun =
      this.#providing.get(pool) ?? this.#provideNow(pool).finally(() => this.#providing.delete(pool));
    this.#providing.set(pool, begun);
    return begun;
  }

  async #provideNow(pool: WarmPool): Promise<void> {
    if (this.#is !== 'open') return;
    // One at least, however little room there is.
    const more = pool.wanted(Math.max(1, pool.active + this.#around.room()), this.#elapsedMs());
    const provided = more === 0 ? null : await this.#cluster.provide(pool, more);
    if (provided !== null) {
      const { object, isFound } = provided;
      this.jobIs(object, false);
      const job = this.#pools.job(object.metadata.name);
      if (isFound && job !== undefined) this.#ends.found(job);
    }
    if (pool.givable === 0 || this.#looking.has(pool)) return;
    this.#looking.add(pool);
    const look = async (): Promise<void> => {
      await this.#clock.sleep(LOOK_MS, this.#around.signal).finally(() => this.#looking.delete(pool));
      if (pool.givable > 0) await this.#provide(pool);
    };
    this.#later(look());
  }

  /** Deletes a Job whose pods are over, unless somebody may want to look at them. */
  async #remove(pool: WarmPool, job: WarmJob): Promise<void> {
    const isHeld = pool.leases.some(lease => lease.job === job) && this.#is !== 'over';
    const isKept = job.hasFailed && (this.#is !== 'over' || this.#around.hasFailed());
    if (!isHeld && !isKept && !this.#o.frame.settings.keepFinished) await this.#cluster.remove(job);
  }

  #wakeLater(step: WarmStep, ms: number): void {
    void this.#clock.sleep(ms, this.#around.signal).then(
      () => this.#around.wake(step),
      () => undefined,
    );
  }

  #later(work: Promise<void>): void {
    work.catch((error: unknown) => (this.#around.signal.aborted ? undefined : this.#o.onTrouble(error)));
  }
}
