/*
 * How one job of a run stands on its cluster: its tally, its waves, and what is remembered of its pods.
 *
 * Q1 It is worked on by one `work` at a time; what happens meanwhile makes it work again.
 * - Everything that is remembered here can be made anew from the store and the labelled Jobs.
 */
import type { Fact } from '../../core/events.js';
import type { FileStore, ItemEvent, JobOrder, PodEndKind } from '../../ports/index.js';
import { JobTally } from '../../run-store/job-tally.js';
import {
  backoffMs,
  type JudgedPod,
  judgePod,
  NO_HISTORY,
  type PodHistory,
  raisedMemory,
} from '../../worker/retry-policy.js';
import { changeOf, type Job } from '../api/objects.js';
import type { PendingReason } from '../diagnosis/rejections.js';
import type { WarmJob } from '../warm/warm-job.js';
import type { LostPod, WarmPool, WarmStep } from '../warm/warm-pool.js';
import { Reach } from '../warm/reach.js';
import { Wave } from './waves.js';

/** How long the failures of a moment are gathered, so that one Job takes them all. */
const GATHER_MS = 250;

/** How many keys a store lists in one answer. */
const LISTED_AT_ONCE = 1000;
/** Of containers, whose results this process stores: there is nobody whose word may be lost. */
const CONTAINERS_AT_ONCE = 100;
/** A longer job is read by each pod that needs it. */
const TOLD_LENGTH = 65_536;

/** What the parts of the executor see of the run around a job. */
export interface Surroundings {
  /** All jobs that have begun. */
  all: readonly JobExecution[];
  /** Pods that they may have in all. */
  room: number;
  wakeLater: (ms: number) => void;
  tell: (event: ItemEvent) => void;
}

/** The execution of a job. */
export class JobExecution implements WarmStep {
  readonly order: JobOrder;
  readonly tally: JobTally;
  readonly #work: (execution: JobExecution) => Promise<void>;
  readonly #waves = new Map<string, Wave>();
  /** By pod: 1 where it was told to begin. */
  readonly #given: Uint8Array;
  #isFound = false;
  #isTold: boolean | undefined;
  readonly #histories = new Map<number, PodHistory>();
  /** Pods that have ended and whose results are on their way: no other is begun for their items. */
  readonly awaited = new Set<number>();
  readonly lost: LostPod[] = [];
  readonly reach = new Reach();
  /** The warm pods that run it; null where it has pods of its own. */
  pool: WarmPool | null = null;
  #phase: 'open' | 'stopped' | 'succeeded' | 'failed' = 'open';
  /** Pods of which there is something new in the store; null: all are to be read. */
  #changed: Set<number> | null = null;
  #polls = 0;
  #memory: string;
  #backOffUntilMs = 0;
  /** Ends of warm pods after which a pause came. */
  #delays = 0;
  /** Until then the failures of a moment are gathered for one wave; null: there are none. */
  #gatherUntilMs: number | null = null;
  #lookAtMs = 0;
  #refusal: PendingReason | null = null;
  #storeTrouble: { message: string; ended: number } | null = null;
  #again = false;
  #working: Promise<void> | undefined;

  /** @param told `work`: does what is to be done now; `emit`: takes what the tally finds. */
  constructor(
    store: FileStore,
    order: JobOrder,
    told: { work: (execution: JobExecution) => Promise<void>; emit: (event: ItemEvent) => void },
  ) {
    this.order = order;
    this.tally = new JobTally(store, order, told.emit).keepCopies();
    this.#given = new Uint8Array(this.tally.pods);
    this.#work = told.work;
    this.#memory = order.job.memory;
  }

  get name(): string {
    return this.order.job.name;
  }

  /** No more pods are to be begun. */
  get isStopped(): boolean {
    return this.#phase !== 'open';
  }

  /** The fact about it has been told. */
  get isSettled(): boolean {
    return this.#phase === 'succeeded' || this.#phase === 'failed';
  }

  /** The fact about it was its failure. */
  get hasFailed(): boolean {
    return this.#phase === 'failed';
  }

  /** Its Jobs so far. */
  get waves(): Wave[] {
    return [...this.#waves.values()];
  }

  /** Its Jobs of which pods may run. */
  get live(): Wave[] {
    return this.waves.filter(({ isLive }) => isLive);
  }

  /** The Jobs whose pods run it. */
  get jobs(): readonly (Wave | WarmJob)[] {
    return this.pool?.live ?? this.live;
  }

  /** How many of its pods may run now. */
  get podsLeft(): number {
    let pods = 0;
    for (const wave of this.#waves.values()) if (wave.isLive) pods += wave.podsLeft;
    return pods;
  }

  /** The number of the last wave; 0 before the first. */
  get lastWave(): number {
    return this.waves.reduce((last, { number }) => Math.max(last, number), 0);
  }

  /** Memory of the pods of the next wave. */
  get memory(): string {
    return this.#memory;
  }

  /** Why the last Job was not made, where that may pass: it is tried again. */
  get refusal(): PendingReason | null {
    return this.#refusal;
  }

  refuse(refusal: PendingReason | null): void {
    this.#refusal = refusal;
  }

  /** What keeps its pods from storing results; null where one was stored since. */
  get storeTrouble(): string | null {
    return this.#storeTrouble?.ended === this.#ended() ? this.#storeTrouble.message : null;
  }

  /** A pod could not read or store. */
  cannotStore(message: string): void {
    this.#storeTrouble = { message, ended: this.#ended() };
  }

  #ended(): number {
    return this.tally.succeeded + this.tally.failed;
  }

  stop(): void {
    if (this.#phase === 'open') this.#phase = 'stopped';
  }

  settle(fact: Fact): void {
    this.#phase = fact.type === 'JobFailed' ? 'failed' : 'succeeded';
  }

  /** Small enough to be told to each pod that begins. */
  get isTold(): boolean {
    return (this.#isTold ??= JSON.stringify(this.order.job).length <= TOLD_LENGTH);
  }

  /** Pods of it were begun by another controller, or may have been. */
  setFound(): void {
    this.#isFound = true;
  }

  /** Nobody has begun this pod before. */
  isNew(pod: number): boolean {
    return !this.#isFound && (this.pool !== null || this.lastWave === 1) && this.#given[pod] === 0;
  }

  /** Somebody has begun this pod before, or may have. */
  wasGiven(pod: number): boolean {
    return this.#isFound || this.#given[pod] === 1;
  }

  /** A pod was told to begin. */
  setGiven(pod: number): void {
    this.#given[pod] = 1;
  }

  /** Something may have changed: works now, or again when it is done. */
  wake(): Promise<void> {
    this.#again = true;
    return (this.#working ??= this.#run().finally(() => (this.#working = undefined)));
  }

  async #run(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#work(this);
    }
  }

  /** There is something new of a pod in the store, or may be of all. */
  setChanged(pod: number | 'all'): void {
    if (pod === 'all') this.#changed = null;
    else this.#changed?.add(pod);
  }

  /**
   * Time has passed, perhaps without anything being told: all pods are to be read. Of many pods seldom, as
   * the store lists a thousand at once.
   */
  poll(): void {
    const atOnce = this.order.job.container === null ? LISTED_AT_ONCE : CONTAINERS_AT_ONCE;
    if (this.#polls++ % Math.ceil(this.tally.pods / atOnce) === 0) this.setChanged('all');
  }

  /** Reads what is new in the store. */
  async read(): Promise<void> {
    const changed = this.#changed;
    this.#changed = new Set();
    if (changed === null) await this.tally.refresh();
    else for (const pod of changed) await this.tally.refreshPod(pod);
  }

  /** Takes in how one of its Jobs is now; what is older than what was seen changes nothing. */
  see(job: Job, isGone = false): Wave {
    const known = this.#waves.get(job.metadata.name);
    const isSame = known !== undefined && known.job.metadata.uid === job.metadata.uid;
    // The answer to a call may be overtaken by what a watch tells of the time after it.
    if (isSame && changeOf(job) < changeOf(known.job)) return known;
    const wave = isSame ? known : new Wave(job);
    this.#waves.set(wave.name, wave);
    wave.see(job, isGone);
    return wave;
  }

  /** A pod has ended with items undone: what that means for the pods after it. */
  podEnded(
    pod: number,
    end: { kind: PodEndKind; hasBegun: boolean; memory: string },
    nowMs: number,
  ): JudgedPod {
    const judged = judgePod(end.kind, end.hasBegun, this.#histories.get(pod) ?? NO_HISTORY);
    this.#histories.set(pod, judged.history);
    if (end.kind === 'memory') this.#memory = raisedMemory({ asked: this.order.job.memory, had: end.memory });
    if (judged.isDelayed) {
      const ends = this.pool === null ? this.lastWave : ++this.#delays;
      const pauseMs = backoffMs(this.order.job.backoff, Math.max(1, ends));
      this.#backOffUntilMs = Math.max(this.#backOffUntilMs, nowMs + pauseMs);
    }
    return judged;
  }

  /**
   * When the next wave may begin: the first at once, others when failures are gathered and have backed off.
   */
  nextWaveAtMs(nowMs: number): number {
    if (this.lastWave === 0) return nowMs;
    this.#gatherUntilMs ??= nowMs + GATHER_MS;
    return Math.max(this.#gatherUntilMs, this.#backOffUntilMs);
  }

  /** When warm pods may be given something of it. */
  get nextGiveAtMs(): number {
    return this.#backOffUntilMs;
  }

  /** True once in a while: when it is to be looked at again without anything having happened. */
  takeLook(nowMs: number, everyMs: number): boolean {
    if (nowMs < this.#lookAtMs) return false;
    this.#lookAtMs = nowMs + everyMs;
    return true;
  }

  /** What was gathered goes into a wave now. */
  endGathering(): void {
    this.#gatherUntilMs = null;
    this.reach.begin(this);
  }
}
