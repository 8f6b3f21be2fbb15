/*
 * The Jobs of one step: a first wave for all its pods, and further ones for pods that ended without having
 * done their items. Pure.
 *
 * V1 A pod is in at most one wave: one whose Job has neither ended nor vanished, and in which its index has
 *    not ended, or has, and nobody has dealt with that.
 * AS2 Only the controller that has made a Job, or found it suspended and without pods, gives its pods more to
 *    do: what others gave nobody knows.
 * V2 What a wave runs is written on its Job; nothing about waves is kept anywhere else.
 */
import { isTerminalJob, type Job } from '../api/objects.js';
import { nthOfRanges, parseRanges } from '../api/index-ranges.js';
import { ANNOTATION, LABEL } from '../manifests/names.js';
import { worthwhileLanes } from '../warm/lanes.js';

/** What the pods of a wave are known to be at, where each takes one thing to do after another. */
interface Assignments {
  /** By index: what it was given last. */
  readonly held: Map<number, number>;
  /** What is still to be given, and from where. */
  readonly pods: readonly number[];
  next: number;
  /** When the Job was made, and when all of its first pods ran. */
  readonly madeMs: number;
  readyMs: number | null;
  /** When a pod asked last. */
  askedMs: number;
}

/** One Job of a step, as it was last seen. */
export class Wave {
  readonly name: string;
  /** From 1. */
  readonly number: number;
  /** Memory that its pods were given. */
  readonly memory: string;
  /** Pods as ranges; index i runs the i-th. */
  readonly #pods: string;
  #job: Job;
  #isGone = false;
  #isDeleted = false;
  /** Succeeded pods whose objects were deleted. */
  #reaped = 0;
  /** Indexes whose end has been dealt with. */
  readonly #handled = new Set<number>();
  /** Undefined where each index runs one pod, or another controller has given them. */
  #assigned: Assignments | undefined;
  /** What was given to a pod that has ended without having done it. */
  readonly #released = new Set<number>();

  constructor(job: Job) {
    const { annotations = {}, labels = {}, name } = job.metadata;
    this.name = name;
    this.number = Number(labels[LABEL.wave] ?? 1);
    this.memory = annotations[ANNOTATION.memory] ?? '1Gi';
    this.#pods = annotations[ANNOTATION.pods] ?? '';
    this.#job = job;
  }

  get job(): Job {
    return this.#job;
  }

  /** Its Job no longer exists. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Its Job was deleted from here, and may still be there. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  /** Pods of it may run. */
  get isLive(): boolean {
    return !this.#isGone && !this.#isDeleted && !isTerminalJob(this.#job);
  }

  /** Pods that it may run at once. */
  get parallelism(): number {
    return this.#job.spec?.parallelism ?? 0;
  }

  /** Pods of it that may run now. */
  get podsLeft(): number {
    return Math.min(this.parallelism, Math.max(0, this.lanes - this.succeeded));
  }

  get ready(): number {
    return this.#job.status?.ready ?? 0;
  }

  get succeeded(): number {
    return this.#job.status?.succeeded ?? 0;
  }

  /** Takes in how its Job is now. */
  see(job: Job, isGone: boolean): void {
    this.#job = job;
    this.#isGone = isGone;
    // Nobody is at work, and nobody begins without asking.
    if (this.#firstOwn === 0 && isAtRest(job)) this.beginAssigning(0);
  }

  /** Its Job is to be deleted, or could not be. */
  setDeleted(isDeleted: boolean): void {
    this.#isDeleted = isDeleted;
  }

  /** True where more than so many succeeded pods are left, which then count as deleted. */
  takeReapable(above: number): boolean {
    if (this.succeeded <= this.#reaped + above) return false;
    this.#reaped = this.succeeded;
    return true;
  }

  /** Its pods take one thing to do after another, also when it has been given an index for each. */
  get isShared(): boolean {
    return this.#job.metadata.annotations?.[ANNOTATION.lanes] !== undefined;
  }

  /** Indexes that begin with what is theirs, of those that take one thing to do after another. */
  get #firstOwn(): number {
    return Number(this.#job.metadata.annotations?.[ANNOTATION.lanes] ?? Number.NaN);
  }

  /** Indexes of its Job. */
  get lanes(): number {
    return this.#job.spec?.completions ?? 1;
  }

  /** How much is still to be given to pods; 0 where this controller gives nothing. */
  get unassigned(): number {
    return this.#assigned === undefined ? 0 : this.#assigned.pods.length - this.#assigned.next;
  }

  /** From now on this controller says what its pods do: it has made the Job. */
  beginAssigning(nowMs: number): void {
    if (!this.isShared || this.#assigned !== undefined) return;
    const pods = parseRanges(this.#pods);
    const first = this.#firstOwn;
    const held = new Map(pods.slice(0, first).map((pod, index) => [index, pod]));
    this.#assigned = { held, pods, next: first, madeMs: nowMs, readyMs: null, askedMs: nowMs };
  }

  /** How many pods it is worth, of at most `limit`: those that it has where this controller gives nothing. */
  worthwhileLanes(limit: number, nowMs: number): number {
    const { lanes, ready, unassigned } = this;
    const assigned = this.#assigned;
    if (assigned === undefined) return lanes;
    if (ready >= lanes) assigned.readyMs ??= nowMs;
    if (assigned.readyMs === null) return lanes;
    // Those that run may not have asked yet: they are no reason for more than there is to do.
    const most = Math.min(limit, assigned.pods.length);
    const [startMs, workedMs] = [assigned.readyMs - assigned.madeMs, nowMs - assigned.readyMs];
    const silentMs = nowMs - Math.max(assigned.readyMs, assigned.askedMs);
    // Of what was given to pods that work, all but the last of each.
    const done = Math.max(0, assigned.next - lanes);
    return worthwhileLanes({ lanes, ready, unassigned, done, startMs, workedMs, silentMs }, most);
  }

  /**
   * Gives an index its next pod of the job; null where none is left. `isOpen`: it has not been done.
   *
   * AS1 What an index was given and has not done it is given again: its process is another one.
   * AS3 A queue may give a Job fewer indexes than it had: what those were at that are gone others are given.
   */
  assign(index: number, isOpen: (pod: number) => boolean, nowMs: number): number | null {
    const assigned = this.#assigned;
    if (assigned === undefined || !this.isLive || this.#handled.has(index)) return null;
    assigned.askedMs = nowMs;
    const held = assigned.held.get(index);
    if (held !== undefined && isOpen(held)) return held;
    return this.#take(assigned, index, isOpen) ?? null;
  }

  #take(assigned: Assignments, index: number, isOpen: (pod: number) => boolean): number | undefined {
    for (;;) {
      const pod = assigned.pods[assigned.next] ?? this.#leftBehind(assigned.held, isOpen);
      if (pod === undefined) return undefined;
      if (assigned.next < assigned.pods.length) assigned.next++;
      if (!isOpen(pod)) continue;
      assigned.held.set(index, pod);
      return pod;
    }
  }

  /** What an index was at that the Job does not have any more, as a queue has given it fewer. */
  #leftBehind(held: Map<number, number>, isOpen: (pod: number) => boolean): number | undefined {
    if (this.#firstOwn !== 0) return undefined;
    const left = [...held].find(([index, pod]) => index >= this.lanes && isOpen(pod));
    if (left !== undefined) held.delete(left[0]);
    return left?.[1];
  }

  /**
   * What an index that has just begun does: what {@link assign} gives, else what its Job says; null where
   * nothing is left.
   */
  begin(index: number, isOpen: (pod: number) => boolean, nowMs: number): number | null {
    return this.#assigned === undefined
      ? (nthOfRanges(this.#pods, index) ?? null)
      : this.assign(index, isOpen, nowMs);
  }

  /** The pod of the job that an index is at, or was given first; undefined where that is not known. */
  podAt(index: number): number | undefined {
    return this.#assigned === undefined ? nthOfRanges(this.#pods, index) : this.#assigned.held.get(index);
  }

  /**
   * What the end of an index is charged to: what it was at, else what it would have been given, had it asked;
   * undefined where nothing is left.
   */
  endedAt(index: number, isOpen: (pod: number) => boolean): number | undefined {
    const assigned = this.#assigned;
    return this.podAt(index) ?? (assigned && this.#take(assigned, index, isOpen));
  }

  /** Nothing more is given to its pods: what has not been given is for other waves. */
  giveUp(): void {
    const assigned = this.#assigned;
    if (assigned === undefined) return;
    for (const pod of assigned.pods.slice(assigned.next)) this.#released.add(pod);
    assigned.next = assigned.pods.length;
  }

  /** An index has ended, and has not done this. */
  release(pod: number): void {
    this.#released.add(pod);
  }

  /**
   * Pods that it is still to run, or has run and nobody has dealt with yet: what they did may be on its way
   * into the store.
   */
  coveredPods(): Set<number> {
    if (this.#isGone || this.#isDeleted) return new Set();
    const pods = parseRanges(this.#pods);
    if (this.isShared) return new Set(this.isLive ? pods.filter(pod => !this.#released.has(pod)) : []);
    const done = new Set(this.completedIndexes());
    if (!this.isLive) return new Set(pods.filter((_, index) => done.has(index)));
    const { completedIndexes, failedIndexes } = this.#job.status ?? {};
    const ended = new Set([...parseRanges(completedIndexes), ...parseRanges(failedIndexes)]);
    return new Set(pods.filter((_, index) => !ended.has(index) || done.has(index)));
  }

  /** Indexes that ended in failure and have not been dealt with. */
  failedIndexes(): number[] {
    return this.#unhandled(this.#job.status?.failedIndexes);
  }

  /** Indexes that succeeded, as Kubernetes sees it, and have not been dealt with. */
  completedIndexes(): number[] {
    return this.#unhandled(this.#job.status?.completedIndexes);
  }

  /** The end of an index has been dealt with. */
  setHandled(index: number): void {
    this.#handled.add(index);
  }

  #unhandled(ranges: string | undefined): number[] {
    return parseRanges(ranges).filter(index => !this.#handled.has(index));
  }
}

/** A Job that was suspended before, or after, its pods were at work. */
const isAtRest = ({ spec, status }: Job): boolean =>
  spec?.suspend === true && (status?.active ?? 0) === 0 && (status?.terminating ?? 0) === 0;
