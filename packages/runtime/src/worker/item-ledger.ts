/*
 * The record of a pod's items: what is known of each, and what is stored.
 *
 * G1 What happens to an item is appended to the results log first and announced when it is stored, in that
 *    order.
 * G2 What an attempt costs (see `retry-policy.ts`) survives restarts, because it is in the log.
 */
import { type FailureCause, type Json, omitUndefined } from '@kube-transform/sdk';
import { resultsPrefix } from '../run-store/layout.js';
import type { PodHost, Skipped } from './pod-host.js';
import type { FileStore, ItemEvent, JobOrder } from '../ports/index.js';
import {
  foldLine,
  type ItemOutcome,
  type PodOutcome,
  RESULT_LINE,
  type ResultLine,
  resultLine,
} from '../run-store/item-results.js';
import { SegmentLog } from '../run-store/segment-log.js';
import { backoffMs, judgeAttempt } from './retry-policy.js';

/** What a ledger needs of its surroundings. */
export type LedgerHost = Pick<PodHost, 'store' | 'emit' | 'gather' | 'podName'>;

/** Of who writes for a pod: what is on record is heard of when it is read. @param podName of that pod */
export const quietly = (store: FileStore, podName?: string | null): LedgerHost => ({
  store,
  podName: podName ?? undefined,
  emit: () => undefined,
  gather: () => Promise.resolve(),
});

/** The items of one pod. */
export class ItemLedger {
  readonly #step: JobOrder;
  readonly #emit: (event: ItemEvent) => void;
  readonly #outcomes: Map<number, ItemOutcome>;
  readonly #log: SegmentLog<ResultLine>;
  readonly #first: number;
  #batch: { stored: Promise<void>; events: ItemEvent[] } | undefined;
  #announced: Promise<void> = Promise.resolve();
  /** Results that are not stored yet. */
  waiting = 0;
  /** Items that have failed for good. */
  failed = 0;
  /** The store has failed. */
  broken = false;

  private constructor(
    step: JobOrder,
    host: LedgerHost,
    read: { first: number; outcomes: Map<number, ItemOutcome>; log: SegmentLog<ResultLine> },
  ) {
    this.#step = step;
    this.#emit = host.emit;
    this.#outcomes = read.outcomes;
    this.#log = read.log;
    this.#first = read.first;
    for (const { final, cause } of read.outcomes.values()) if (final && cause !== undefined) this.failed++;
  }

  /** Reads what is stored of a pod; where it is new there is nothing. */
  static async open(
    step: JobOrder,
    host: LedgerHost,
    { pod, isNew = false }: { pod: number; isNew?: boolean },
  ): Promise<ItemLedger> {
    const outcomes = new Map<number, ItemOutcome>();
    const first = pod * step.itemsPerPod;
    const log = await SegmentLog.open<ResultLine>(host.store, resultsPrefix(step.runId, step.job.name, pod), {
      isNew,
      existing: {
        shape: RESULT_LINE,
        onValue: line => outcomes.set(line.i, toKeep(foldLine(outcomes.get(line.i), line), line.i === first)),
      },
      pace: host.gather,
      lineOf: resultLine,
      podName: host.podName,
    });
    return new ItemLedger(step, host, { first, outcomes, log });
  }

  isDone(item: number): boolean {
    return this.#outcomes.get(item)?.final === true;
  }

  /** Which attempt comes next, from 1. */
  nextAttempt(item: number): number {
    return (this.#outcomes.get(item)?.attempts ?? 0) + 1;
  }

  /** Puts the result of its next attempt on record. */
  succeed(item: number, { value, skipped = false, unkept }: { value: Json } & Skipped): void {
    const attempt = this.nextAttempt(item);
    // Made member by member: this is done for each item, and most have nothing beside their result.
    const line: ResultLine = { i: item, n: skipped ? 0 : attempt, r: value };
    const { name: job } = this.#step.job;
    const event: ItemEvent = { type: 'ItemSucceeded', job, item, attempt, skipped };
    if (unkept !== undefined) {
      line.none = unkept;
      event.unkept = unkept;
    }
    this.#record(line, event);
  }

  /**
   * Puts a failed attempt on record; how long to wait for the next, in milliseconds, or null where there is
   * none.
   *
   * @param how `ofPod`: the pod that ended with it, which counts once; `isFree`: it costs no attempt, up to a
   * cap of its own; `isAtOnce`: the next attempt is not put off.
   */
  fail(
    item: number,
    cause: FailureCause,
    how: { ofPod?: string | undefined; isFree?: boolean; isAtOnce?: boolean } = {},
  ): number | null {
    const { name: job, retries, backoff } = this.#step.job;
    const known = this.#outcomes.get(item);
    if (how.ofPod !== undefined && known?.endOf === how.ofPod) return 0;
    const { attempts, isFree, isFinal } = judgeAttempt(known, cause, { retries, isFree: how.isFree });
    const line: ResultLine = {
      i: item,
      n: Math.max(1, attempts),
      c: cause,
      ...(isFree ? { free: true } : {}),
      ...omitUndefined({ u: how.ofPod }),
    };
    if (isFinal) {
      this.failed++;
      this.#record({ ...line, x: true }, { type: 'ItemFailed', job, item, attempt: attempts, cause });
      return null;
    }
    const delayMs = isFree || how.isAtOnce === true ? 0 : backoffMs(backoff, attempts);
    this.#record(line, { type: 'ItemRetrying', job, item, attempt: attempts, cause, delayMs });
    return delayMs;
  }

  /** Resolves when everything so far is stored and announced. Rejects where the store has failed. */
  settled(): Promise<void> {
    return this.#announced;
  }

  /** What came of the pod's items, of which there are `count`. */
  tally(count: number): PodOutcome {
    const first = this.#first;
    const outcome: PodOutcome = {
      succeeded: 0,
      failed: 0,
      open: 0,
      firstFailure: null,
      result: this.#outcomes.get(first)?.result ?? null,
      last: this.#log.number,
      ...omitUndefined({ segment: this.#log.last }),
    };
    for (let item = first; item < first + count; item++) {
      const known = this.#outcomes.get(item);
      if (known?.final !== true) outcome.open++;
      else if (known.cause === undefined) outcome.succeeded++;
      else {
        outcome.failed++;
        outcome.firstFailure ??= { item, cause: known.cause };
      }
    }
    return outcome;
  }

  #record(line: ResultLine, event: ItemEvent): void {
    const { i } = line;
    const known = this.#outcomes.get(i);
    // Nearly every line is the first of its item, and its result.
    const isPlain = known === undefined && line.c === undefined && i !== this.#first;
    this.#outcomes.set(i, isPlain ? SUCCEEDED : toKeep(foldLine(known, line), i === this.#first));
    const stored = this.#log.append(line);
    this.waiting++;
    if (this.#batch?.stored === stored) this.#batch.events.push(event);
    else {
      const batch = (this.#batch = { stored, events: [event] });
      this.#announced = stored.then(() => this.#announce(batch.events));
      this.#announced.catch(() => (this.broken = true));
    }
  }

  #announce(events: readonly ItemEvent[]): void {
    this.waiting -= events.length;
    for (const event of events) this.#emit(event);
  }
}

const SUCCEEDED: ItemOutcome = { attempts: 1, final: true };

/** A pod does not hold what its items returned: it is asked for the result of the first. */
const toKeep = (outcome: ItemOutcome, isFirst: boolean): ItemOutcome =>
  outcome.final && outcome.cause === undefined && !isFirst ? SUCCEEDED : outcome;
