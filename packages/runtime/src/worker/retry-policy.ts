/** What failures cost: who is blamed, what is free, how often, and after how many it is enough. Pure. */
import { type FailureCause, type KTJob, parseDurationMs, parseQuantity, RETRIED } from '@kube-transform/sdk';
import type { PodEndKind } from '../ports/index.js';

/**
 * Attempts of one item that may end by no fault of its own: its pod was taken away, or is given more memory.
 *
 * Another idea than {@link MAX_DISRUPTED_STARTS}: these attempts had begun, and what they did is lost.
 */
const MAX_INTERRUPTED_ATTEMPTS = 10;
/** Pods of one index that may be taken away before they began an item: only time is lost. */
const MAX_DISRUPTED_STARTS = 20;
/**
 * Pods, or worker processes, of one index that may end before they began an item: what they need is not
 * there.
 */
const MAX_FALSE_STARTS = 3;
/** The same for pods whose store failed, which may pass; with growing pauses about four minutes. */
const MAX_STORE_FAILURES = 10;
/** How often what ran out of memory is given more: each time twice as much. */
const MAX_MEMORY_RAISES = 2;

/** The longest time of one attempt of a job's items, in milliseconds; null: none. */
export const attemptTimeoutMs = ({ timeout }: Pick<KTJob, 'timeout'>): number | null =>
  timeout === null ? null : (parseDurationMs(timeout) ?? null);

/** How long to wait after so many attempts: `min(max, initial × factor^(attempts-1))`, in milliseconds. */
export function backoffMs({ initial, factor, max }: KTJob['backoff'], attempts: number): number {
  const firstMs = parseDurationMs(initial) ?? 1000;
  return Math.min(parseDurationMs(max) ?? 60_000, firstMs * factor ** (attempts - 1));
}

/** How many items of a job may fail. A percentage counts of all items, rounded down. */
export function allowedFailures(maxFailed: number | string, items: number): number {
  return typeof maxFailed === 'number' ? maxFailed : Math.floor((items * Number.parseFloat(maxFailed)) / 100);
}

/** Whether so many failed items stop a job: none of its items begins any more. */
export const stopsJob = (
  { failFast, maxFailed }: Pick<KTJob, 'failFast' | 'maxFailed'>,
  { failed, items }: { failed: number; items: number },
): boolean => failFast && failed > allowedFailures(maxFailed, items);

/** What a failed attempt comes to. */
export interface JudgedAttempt {
  /** Attempts of the item that cost, this one included where it does. */
  attempts: number;
  /** It costs no attempt. */
  isFree: boolean;
  /** There is no further one. */
  isFinal: boolean;
}

/** Whether a failed attempt costs, and whether another one follows. What was evicted is free in any case. */
export function judgeAttempt(
  before: { attempts: number; interruptions?: number } | undefined,
  cause: FailureCause,
  { retries, isFree = false }: { retries: number; isFree?: boolean | undefined },
): JudgedAttempt {
  const free = isFree || cause.kind === 'Evicted';
  const attempts = (before?.attempts ?? 0) + (free ? 0 : 1);
  const interruptions = (before?.interruptions ?? 0) + (free ? 1 : 0);
  const isFinal =
    !RETRIED[cause.kind] ||
    ((cause.kind === 'Threw' || cause.kind === 'Exited') && cause.permanent === true) ||
    interruptions > MAX_INTERRUPTED_ATTEMPTS ||
    attempts > retries;
  return { attempts, isFree: free, isFinal };
}

/** Memory that a job asks for, and what a pod of it had. */
export interface GivenMemory {
  asked: string;
  had: string;
}

const canRaise = ({ asked, had }: GivenMemory): boolean =>
  (parseQuantity(had) ?? 0) < (parseQuantity(asked) ?? 0) * 2 ** MAX_MEMORY_RAISES;

/** Memory for what follows something that ran out of it: twice as much, as long as that is allowed. */
export function raisedMemory(memory: GivenMemory): string {
  if (!canRaise(memory)) return memory.had;
  const bytes = Math.ceil((parseQuantity(memory.had) ?? 0) * 2);
  return bytes % 2 ** 20 === 0 ? `${bytes / 2 ** 20}Mi` : String(bytes);
}

/** The end of a pod, as far as it tells who is to blame. */
export interface BlamedEnd {
  kind: PodEndKind;
  cause: FailureCause;
  /** The item whose attempt outlived its timeout. */
  late: number | null;
}

/**
 * What the end of a pod is for the items that it was at. Nobody is blamed where the pod had decided all, or
 * its store or code failed; of items that one late attempt took along, only the late one; a lack of memory
 * is free as long as it can be mended.
 */
export function blamedItems(
  { kind, cause, late }: BlamedEnd,
  items: readonly number[],
  memory: GivenMemory,
): { item: number; cause: FailureCause; isFree: boolean }[] {
  if (kind === 'done' || kind === 'unstored' || kind === 'broken' || kind === 'unfit') return [];
  return items.map(item => {
    const own: FailureCause =
      late === null || late === item
        ? cause
        : { kind: 'Evicted', message: `The pod was ended because item ${late} outlived its timeout.` };
    return { item, cause: own, isFree: own.kind === 'OutOfMemory' && canRaise(memory) };
  });
}

/** What is remembered of the pods of one index. */
export interface PodHistory {
  /** Pods that ended without having done anything for their items. */
  readonly falseStarts: number;
  /** Pods that were taken away before they began an item. */
  readonly disruptedStarts: number;
}

/** Of an index without ended pods. */
export const NO_HISTORY: PodHistory = { falseStarts: 0, disruptedStarts: 0 };

/** What the end of a pod means for the pods after it. */
export interface JudgedPod {
  history: PodHistory;
  /** What there was too much of: another pod cannot help. */
  tooMany: 'unfit code' | 'disruptions' | 'memory' | 'store failures' | 'false starts' | null;
  /** A pause comes before the next pod. */
  isDelayed: boolean;
}

/**
 * Whether another pod follows one that ended with items undone. `hasBegun`: it had begun items of its own.
 *
 * A pod whose store failed counts among the false starts of its index, but against a cap of its own.
 */
export function judgePod(kind: PodEndKind, hasBegun: boolean, before: PodHistory): JudgedPod {
  const isDelayed = kind !== 'disrupted' && kind !== 'memory' && kind !== 'done';
  const goesOn = { history: before, tooMany: null, isDelayed };
  // One is too many.
  if (kind === 'unfit') return { ...goesOn, tooMany: 'unfit code' };
  if (kind === 'disrupted') {
    if (hasBegun) return goesOn;
    const history = { ...before, disruptedStarts: before.disruptedStarts + 1 };
    const isEnough = history.disruptedStarts > MAX_DISRUPTED_STARTS;
    return { history, tooMany: isEnough ? 'disruptions' : null, isDelayed };
  }
  if (hasBegun && kind !== 'unstored' && kind !== 'broken') return goesOn;
  const history = { ...before, falseStarts: before.falseStarts + 1 };
  if (history.falseStarts < (kind === 'unstored' ? MAX_STORE_FAILURES : MAX_FALSE_STARTS))
    return { history, tooMany: null, isDelayed };
  const tooMany = kind === 'memory' ? 'memory' : kind === 'unstored' ? 'store failures' : 'false starts';
  return { history, tooMany, isDelayed };
}
