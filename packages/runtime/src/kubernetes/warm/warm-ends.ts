/*
 * How warm pods end, and what that leaves undone.
 *
 * WP3 After another controller nothing is given while a pod that runs since then has not said that it has
 *     nothing: it may be at that.
 * - What a pod was at it knows better than who gave it: that is charged. What it was given and never began is
 *   given to another, free of charge.
 * WP4 A pod that ends before it has asked is charged to what waits for it: pods that cannot begin are not
 *     made for ever.
 */
import type { Pod } from '../api/objects.js';
import { terminationOf } from '../diagnosis/pod-termination.js';
import { JOB_INDEX, JOB_NAME, LABEL } from '../manifests/names.js';
import type { WarmJob } from './warm-job.js';
import type { WarmJobs } from './warm-jobs.js';
import type { Lease, LostPod, WarmPool, WarmStep } from './warm-pool.js';
import type { WarmAround, WarmOptions, WarmPools } from './warm-pools.js';

/** How long a pod that failed may take to be told of. */
const TOLD_MS = 1000;

/** Deals with the ends of warm pods. */
export class WarmEnds {
  readonly #o: WarmOptions;
  readonly #around: WarmAround;
  readonly #pools: WarmPools;
  readonly #cluster: WarmJobs;
  /** Pods of which it is not known what they are at, by uid. */
  readonly #unknown = new Map<string, { job: WarmJob; index: number }>();
  /** Steps that wait for them. */
  readonly #waiting = new Set<WarmStep>();
  /** Uids of pods that have asked, or have ended. */
  readonly #met = new Set<string>();
  readonly #ended = new Set<string>();
  /** Ends of pods that were at steps which have not come yet. */
  readonly #early = new Map<string, LostPod[]>();
  /** Jobs of which pods are looked for. */
  readonly #missed = new Set<WarmJob>();
  #listing: Promise<unknown> = Promise.resolve();

  constructor(
    options: WarmOptions,
    around: WarmAround,
    { pools, cluster }: { pools: WarmPools; cluster: WarmJobs },
  ) {
    this.#o = options;
    this.#around = around;
    this.#pools = pools;
    this.#cluster = cluster;
  }

  /** False where what is left of a step may be with a pod: it is woken when that is known. */
  async isKnown(step: WarmStep): Promise<boolean> {
    const early = this.#early.get(step.name);
    if (early !== undefined) {
      this.#early.delete(step.name);
      for (const lost of early) step.lost.push(lost);
      this.#around.wake(step);
    }
    await this.#listing;
    if (this.#unknown.size > 0) this.#waiting.add(step);
    return this.#unknown.size === 0;
  }

  /** A step is over. */
  forget(step: WarmStep): void {
    this.#waiting.delete(step);
  }

  /** A Job was made by another controller: how have its pods ended, and which of them are at something? */
  found(job: WarmJob): void {
    this.#listing = this.#listing.then(async () => {
      for (const pod of await this.#cluster.pods(job)) {
        const { labels = {}, uid = '' } = pod.metadata;
        if (pod.status?.phase === 'Failed') this.failed(pod);
        else if (pod.status?.phase === 'Running' && !this.#met.has(uid))
          this.#unknown.set(uid, { job, index: Number(labels[JOB_INDEX]) });
      }
      this.changed(job);
    });
    // Who waits for it is told.
    this.#listing.catch(() => undefined);
  }

  /** A pod asks: it says what it has. */
  asks(pool: WarmPool, job: WarmJob, { index, uid }: { index: number; uid: string }): void {
    this.#met.add(uid);
    const before = job.meet(index, uid);
    // Kubernetes has put it into the place of another.
    if (before !== undefined && pool.leaseOf(before) !== undefined) this.#lookFor(pool, job);
    this.#known(uid);
  }

  /** A pod has failed. False where it is of a step. */
  failed(seen: Pod): boolean {
    const { labels = {}, uid = '' } = seen.metadata;
    const job = this.#pools.job(labels[JOB_NAME] ?? '');
    if (job === undefined || this.#ended.has(uid)) return labels[LABEL.warm] !== undefined;
    this.#ended.add(uid);
    const pool = this.#pools.of(job.classId);
    const lease = pool.leaseOf(uid);
    const { job: name, pod } = terminationOf(seen, { memory: job.memory, timeoutMs: null });
    const isLate = lease?.isLate === true;
    const lost = { seen, memory: job.memory, isLate };
    if (name !== null && pod !== null) this.lose(name, { ...lost, pod });
    else {
      // One that never came to ask is charged to what it would have been given.
      const meant = lease ?? pool.next();
      if (meant !== null) this.lose(meant.step.name, { ...lost, pod: meant.pod });
    }
    if (lease !== undefined) this.#release(pool, lease);
    this.#known(uid);
    return true;
  }

  /** A Job has changed: pods that have ended are looked for, or what they had is free again. */
  changed(job: WarmJob): void {
    const pool = this.#pools.of(job.classId);
    for (const [uid, at] of this.#unknown)
      if (at.job === job && (job.isGone || job.endOf(at.index, uid) !== null)) this.#known(uid);
    for (const lease of pool.leases) {
      if (lease.job !== job) continue;
      const end = job.isGone ? 'completed' : job.endOf(lease.index, lease.uid);
      if (end === 'completed') this.#release(pool, lease);
      else if (end === 'failed') this.#lookFor(pool, job);
    }
  }

  /** Something of a step is undone by the end of a pod; the step may be still to come. */
  lose(name: string, ended: Omit<LostPod, 'missing' | 'sinceMs'> & { missing?: number }): void {
    const lost: LostPod = { missing: 0, ...ended, sinceMs: this.#o.clock.elapsedMs() };
    const step = this.#around.stepOf(name);
    if (step === undefined) this.#early.set(name, [...(this.#early.get(name) ?? []), lost]);
    else {
      step.lost.push(lost);
      this.#around.wake(step);
    }
  }

  /** Pods have failed that were not told of: are there any traces of them? */
  #lookFor(pool: WarmPool, job: WarmJob): void {
    if (this.#missed.has(job)) return;
    this.#missed.add(job);
    const { clock, onTrouble } = this.#o;
    const look = async (): Promise<void> => {
      await clock.sleep(TOLD_MS, this.#around.signal);
      for (const pod of await this.#cluster.pods(job, 'Failed')) this.failed(pod);
      for (const lease of pool.leases) {
        if (lease.job !== job || job.endOf(lease.index, lease.uid) !== 'failed') continue;
        const { pod, isLate, step } = lease;
        this.lose(step.name, { seen: undefined, pod, memory: job.memory, isLate });
        this.#release(pool, lease);
      }
    };
    look()
      .catch((error: unknown) => (this.#around.signal.aborted ? undefined : onTrouble(error)))
      .finally(() => this.#missed.delete(job));
  }

  #release(pool: WarmPool, lease: Lease): void {
    pool.release(lease);
    this.#around.wake(lease.step);
  }

  /** It is known what a pod has. */
  #known(uid: string): void {
    if (!this.#unknown.delete(uid) || this.#unknown.size > 0) return;
    const steps = [...this.#waiting];
    this.#waiting.clear();
    for (const step of steps) this.#around.wake(step);
  }
}
