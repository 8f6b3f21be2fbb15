/*
 * An append-only log of JSON lines over any FileStore: the journal of a run, the results and the logs of a
 * pod.
 *
 * L1 Segments are numbered from 1 without gaps and each is put if absent: all writers agree on one order.
 * L2 A writer that loses a number takes the next one; what it wrote is never lost and never overwritten.
 * L3 Group commit: while one segment is being put, later lines gather for the next. `append` resolves when
 *    its line is stored.
 * L4 After a failed put every `append` rejects: a log never skips a line silently.
 * L5 Of a log with epochs, who opens it takes a number for itself before anything else, with an epoch that
 *    nobody had: whoever had it open before loses the next number, sees why, and appends nothing more.
 */
import { KtError } from '@kube-transform/sdk';
import type { FileStore } from '../ports/index.js';
import type { Shape } from '../parse/shapes.js';
import { runInHints, segmentName } from './layout.js';
import { listLogs, LogReader, newSegments, valuesOf } from './read-log.js';
import { segmentBytes } from './segment.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NOTHING = new Uint8Array();
/** What a hint may carry. */
const SMALL_BYTES = 8192;

/** What is done with the values that a log has when it is opened. */
export interface Existing<T> {
  /** What a line must be. */
  shape: Shape<T>;
  /** Takes each value, in order. */
  onValue: (value: T) => void;
}

/** How a log is opened for appending. */
export interface LogOptions<T> {
  existing?: Existing<T>;
  /** Called between gathering and putting; a pause here makes segments fewer and larger. */
  pace?: () => Promise<void>;
  /** The line of a value. Default: `JSON.stringify`. */
  lineOf?: (value: T) => string;
  /** There is nothing of it yet, which need not be looked for; of logs without epochs. */
  isNew?: boolean;
  /** The pod of Kubernetes whose doing it is; said in each segment. */
  podName?: string | undefined;
  /** The epoch of who opens it; `next`: one more than the log has. Default: it has no epochs. */
  epoch?: number | 'next';
}

/** Appends to one log. */
export class SegmentLog<T> {
  readonly #store: FileStore;
  readonly #prefix: string;
  readonly #reader: LogReader;
  readonly #pace: () => Promise<void>;
  readonly #lineOf: (value: T) => string;
  readonly #epoch: number | undefined;
  readonly #podName: string | undefined;
  #gathering: { lines: string[]; stored: Promise<void> } | undefined;
  #last: Promise<void> = Promise.resolve();
  #lastPut: { number: number; bytes: Uint8Array } | undefined;

  private constructor(
    store: FileStore,
    prefix: string,
    at: { reader: LogReader; epoch: number | undefined; podName: string | undefined } & Required<
      Pick<LogOptions<T>, 'pace' | 'lineOf'>
    >,
  ) {
    this.#store = store;
    this.#prefix = prefix;
    this.#reader = at.reader;
    this.#pace = at.pace;
    this.#lineOf = at.lineOf;
    this.#epoch = at.epoch;
    this.#podName = at.podName;
  }

  /**
   * Opens a log for appending; `existing` is told each value already there.
   *
   * @throws KtError `BAD_RUN` where it is damaged, `RUN_TAKEN_OVER` where it has a newer epoch.
   */
  static async open<T>(
    store: FileStore,
    prefix: string,
    options: LogOptions<T> = {},
  ): Promise<SegmentLog<T>> {
    const { existing, podName, epoch: given } = options;
    const { pace = () => Promise.resolve(), lineOf = JSON.stringify } = options;
    if (options.isNew === true) {
      const reader = new LogReader(store, prefix);
      return new SegmentLog<T>(store, prefix, { reader, pace, lineOf, podName, epoch: undefined });
    }
    const listed = (await listLogs(store, prefix)).get(prefix) ?? 0;
    const isRead = existing !== undefined || given !== undefined;
    const reader = isRead ? new LogReader(store, prefix) : await readerAtEnd(store, prefix, listed);
    const readOn = async (last: number): Promise<void> => {
      for await (const segment of newSegments(reader, last))
        if (existing !== undefined)
          for (const value of valuesOf(segment, existing.shape)) existing.onValue(value);
    };
    await readOn(listed);
    let epoch: number | undefined;
    for (;;) {
      epoch = given === 'next' ? reader.epoch + 1 : given;
      if (epoch === undefined) break;
      if (epoch < reader.epoch) throw takenOver(prefix, epoch, reader.epoch);
      const isFirst = reader.number === 0 && epoch === 1;
      if (isFirst || (await putNext(store, prefix, { reader, body: NOTHING, epoch })) !== null) break;
      await readOn(0);
    }
    return new SegmentLog<T>(store, prefix, { reader, pace, lineOf, podName, epoch });
  }

  /** The number of its last segment, as far as this writer knows; 0: it has none. */
  get number(): number {
    return this.#reader.number;
  }

  /** What its last segment holds, where this writer has put it and it is small. */
  get last(): string | undefined {
    return this.#lastPut?.number === this.number ? decoder.decode(this.#lastPut.bytes) : undefined;
  }

  /** Adds some values; resolves when they are stored. */
  append(...values: T[]): Promise<void> {
    return this.appendAll(values);
  }

  /** Adds a list of values, however long; resolves when they are stored. */
  appendAll(values: readonly T[]): Promise<void> {
    const batch = (this.#gathering ??= this.#begin());
    for (const value of values) batch.lines.push(this.#lineOf(value));
    return batch.stored;
  }

  #begin(): { lines: string[]; stored: Promise<void> } {
    const lines: string[] = [];
    const stored = this.#last.then(this.#pace).then(() => {
      this.#gathering = undefined;
      return this.#put(encoder.encode(`${lines.join('\n')}\n`));
    });
    this.#last = stored;
    return { lines, stored };
  }

  async #put(body: Uint8Array): Promise<void> {
    const reader = this.#reader;
    const [epoch, podName] = [this.#epoch, this.#podName];
    for (;;) {
      const put = await putNext(this.#store, this.#prefix, { reader, body, epoch, podName });
      if (put !== null) {
        this.#lastPut = put.length > SMALL_BYTES ? undefined : { number: reader.number, bytes: put };
        return;
      }
      const taken = await reader.next();
      if (taken !== null && epoch !== undefined && taken.epoch >= epoch)
        throw takenOver(this.#prefix, epoch, taken.epoch);
    }
  }
}

interface ToPut {
  reader: LogReader;
  body: Uint8Array;
  epoch: number | undefined;
  podName?: string | undefined;
}

/** Puts a segment after the last that was read: its bytes, or null where another writer has its number. */
async function putNext(
  store: FileStore,
  prefix: string,
  { reader, body, epoch, podName }: ToPut,
): Promise<Uint8Array | null> {
  const number = reader.number + 1;
  const { bytes, sum } = segmentBytes({ number, after: reader.sum ?? '', pod: podName }, body, epoch);
  if ((await store.put(prefix + segmentName(number), bytes, { ifAbsent: true })) === null) return null;
  reader.wrote(number, sum);
  return bytes;
}

/** A reader that has read the last segment that a listing shows, without those before it. */
async function readerAtEnd(store: FileStore, prefix: string, listed: number): Promise<LogReader> {
  const reader = new LogReader(store, prefix);
  reader.skipTo(listed - 1);
  // A listing may show what was deleted.
  return listed > 1 && (await reader.next()) === null ? new LogReader(store, prefix) : reader;
}

function takenOver(prefix: string, mine: number, seen: number): KtError {
  const runId = runInHints(prefix.split('/')[1]);
  return new KtError({
    code: 'RUN_TAKEN_OVER',
    path: 'run',
    message: `Another process drives run "${runId}" now (it took over as driver ${seen}; this was driver ${mine}).`,
    hint: `What was done here is kept, and the other goes on: kt status ${runId}.`,
  });
}
