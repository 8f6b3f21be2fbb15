/*
 * What became of a job's items, as far as their results have been read: for an executor whose pods write to
 * the store by themselves.
 *
 * J1 The store is the truth: nothing counts as done before its line was read, or handed over by the pod that
 *    has stored it. Reading again what was read changes nothing.
 * J2 Segments are read by their keys. A pod says which was its last: as long as that one is not there, what
 *    the pod did is not known.
 * - Results themselves are neither parsed nor kept, except that of a dynamic job.
 */
import { type Json, omitUndefined } from '@kube-transform/sdk';
import { parseText } from '../parse/parse-json.js';
import { originOf, resultsPrefix } from './layout.js';
import type { PodOutcome } from './item-results.js';
import type { FileStore, ItemEvent, JobOrder } from '../ports/index.js';
import { foldLine, type ItemOutcome, RESULT_LINE, type ResultLine } from './item-results.js';
import { listLogs, LogReader, newSegments } from './read-log.js';
import { PACKED_PODS, ResultPacks } from './result-packs.js';
import type { Segment } from './segment.js';

const encoder = new TextEncoder();
/** The beginning of a line that holds the result of a call; see `ResultLine`. */
const SUCCESS = /^\{"i":(\d+),"n":([1-9]\d*),"r":/;

/** The tally of one job. */
export class JobTally {
  readonly #store: FileStore;
  readonly #order: JobOrder;
  readonly #emit: (event: ItemEvent) => void;
  readonly #outcomes = new Map<number, ItemOutcome>();
  readonly #logs = new Map<number, LogReader>();
  /** The last segment of each pod that has told it. */
  readonly #told = new Map<number, number>();
  /** Segments that pods have handed over. */
  readonly #handed: Segment[] = [];
  readonly #openItems: number[];
  #packs: ResultPacks | undefined;
  #result: Json | undefined;
  succeeded = 0;
  failed = 0;
  /** Pods whose items all have a result. */
  closedPods = 0;

  constructor(store: FileStore, order: JobOrder, emit: (event: ItemEvent) => void) {
    this.#store = store;
    this.#order = order;
    this.#emit = emit;
    const { items, itemsPerPod } = order;
    this.#openItems = Array.from({ length: Math.ceil(items / itemsPerPod) }, (_, pod) =>
      Math.min(itemsPerPod, items - pod * itemsPerPod),
    );
  }

  get pods(): number {
    return this.#openItems.length;
  }

  /** Items without a result. */
  get open(): number {
    return this.#order.items - this.succeeded - this.failed;
  }

  isOpen(pod: number): boolean {
    return (this.#openItems[pod] ?? 0) > 0;
  }

  /** Pods with items that are open, ascending. */
  openPods(): number[] {
    return [...this.#openItems.keys()].filter(pod => this.isOpen(pod));
  }

  /** What is known of an item. */
  outcomeOf(item: number): ItemOutcome | undefined {
    return this.#outcomes.get(item);
  }

  /** A pod has told its last segment. */
  tell(pod: number, last: number): void {
    this.#told.set(pod, Math.max(last, this.#told.get(pod) ?? 0));
  }

  /** A pod has stored more than can be read. */
  isBehind(pod: number): boolean {
    return this.#logOf(pod).number < (this.#told.get(pod) ?? 0);
  }

  /**
   * Takes a segment from the pod that has put it, which spares a request. One that is not the next, or not
   * whole, is read from the store.
   */
  hand(pod: number, { last, segment }: { last: number; segment: string }): void {
    const handed = this.#logOf(pod).take(last, encoder.encode(segment));
    if (handed !== null) this.#handed.push(handed);
  }

  /** Reads what is new of one pod. */
  async refreshPod(pod: number): Promise<void> {
    this.#takeHanded();
    await this.#readNew(pod, 0);
  }

  /** Reads what is new of all pods, as far as a listing shows that there is anything. */
  async refresh(): Promise<void> {
    this.#takeHanded();
    const { runId, job } = this.#order;
    const prefix = resultsPrefix(runId, job.name);
    for (const [log, last] of await listLogs(this.#store, prefix)) {
      const pod = Number(log.slice(prefix.length, -1));
      if (log !== prefix && pod < this.pods && last > this.#logOf(pod).number) await this.#readNew(pod, last);
    }
  }

  #logOf(pod: number): LogReader {
    const { runId, job } = this.#order;
    let log = this.#logs.get(pod);
    if (log === undefined)
      this.#logs.set(pod, (log = new LogReader(this.#store, resultsPrefix(runId, job.name, pod))));
    return log;
  }

  async #readNew(pod: number, listed: number): Promise<void> {
    if (!this.isOpen(pod)) return;
    for await (const segment of newSegments(this.#logOf(pod), listed)) {
      this.#takeLines(segment);
      // What comes after the last result of a pod changes nothing.
      if (!this.isOpen(pod)) return;
    }
  }

  #takeHanded(): void {
    for (const segment of this.#handed.splice(0)) this.#takeLines(segment);
  }

  /** Copies what is read from now on, where the job has many pods, for those who read all results. */
  keepCopies(): this {
    const { runId, job } = this.#order;
    if (this.pods >= PACKED_PODS) this.#packs = new ResultPacks(this.#store, { runId, job: job.name });
    return this;
  }

  /** Resolves when the copies are stored. */
  async close(): Promise<void> {
    await this.#packs?.close();
  }

  #takeLines(segment: Segment): void {
    this.#packs?.add(segment);
    for (const line of segment.lines) if (line !== '') this.#take(line, segment);
  }

  #take(text: string, { key, pod: podName }: Segment): void {
    const success = this.#order.job.type === 'dynamic' ? null : SUCCESS.exec(text);
    const line =
      success === null
        ? parseText(RESULT_LINE, text, originOf(key))
        : { i: Number(success[1]), n: Number(success[2]) };
    const before = this.#outcomes.get(line.i);
    if (before?.final === true || line.i >= this.#order.items) return;
    // Of what succeeded nobody asks here.
    const { result, ...outcome } = foldLine(before, line, success === null ? podName : undefined);
    this.#outcomes.set(line.i, outcome);
    if (line.i === 0 && result !== undefined) this.#result = result;
    this.#announce(line, outcome);
  }

  #announce(line: ResultLine, outcome: ItemOutcome): void {
    const base = { job: this.#order.job.name, item: line.i, attempt: Math.max(1, outcome.attempts) };
    if (!outcome.final) {
      if (outcome.cause !== undefined)
        this.#emit({ type: 'ItemRetrying', ...base, cause: outcome.cause, delayMs: 0 });
      return;
    }
    const pod = Math.floor(line.i / this.#order.itemsPerPod);
    this.#openItems[pod] = (this.#openItems[pod] ?? 1) - 1;
    if (this.#openItems[pod] === 0) this.closedPods++;
    if (outcome.cause === undefined) {
      this.succeeded++;
      const unkept = line.none === true ? { unkept: line.none } : {};
      this.#emit({ type: 'ItemSucceeded', ...base, skipped: line.n === 0, ...unkept });
    } else {
      this.failed++;
      this.#emit({
        ...{ type: 'ItemFailed', ...base, cause: outcome.cause },
        ...omitUndefined({ podName: outcome.podName }),
      });
    }
  }

  /** The sum over all pods. */
  outcome(): PodOutcome {
    let firstFailure: PodOutcome['firstFailure'] = null;
    if (this.failed > 0) {
      for (const [item, { final, cause }] of this.#outcomes) {
        if (final && cause !== undefined && (firstFailure === null || item < firstFailure.item))
          firstFailure = { item, cause };
      }
    }
    return {
      succeeded: this.succeeded,
      failed: this.failed,
      open: this.open,
      firstFailure,
      result: this.#result ?? null,
    };
  }
}
