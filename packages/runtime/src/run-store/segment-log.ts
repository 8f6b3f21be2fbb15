/*
 * An append-only log of JSON lines over any FileStore: the journal of a run, the results and the logs of a
 * pod.
 *
 * L1 Segments are numbered from 1 without gaps and each is put if absent: all writers agree on one order.
 * L2 A writer that loses a number takes the next one; what it wrote is never lost and never overwritten.
 * L3 Group commit: while one segment is being put, later lines gather for the next. `append` resolves when
 *    its line is stored.
 * L4 After a failed put every `append` rejects: a log never skips a line silently.
 *
 * Lines carry no number of a format: that of `spec.json` counts for the journal, and that of `job.json` for
 * the results and logs of its pods. What changes in lines so that an older kt would misread it makes those
 * grow.
 */
import type { FileStore } from '../ports/index.js';
import { parseText } from '../parse/parse-json.js';
import type { Shape } from '../parse/shapes.js';
import { linesIn } from '../streams/lines.js';
import { RUN_FILE, segmentName } from './layout.js';

const encoder = new TextEncoder();

/** Reads all values of a log, in order. @throws KtError `BAD_RUN` for a line that is not of their shape. */
export async function* readLog<T>(store: FileStore, prefix: string, shape: Shape<T>): AsyncGenerator<T> {
  for await (const entry of store.list(prefix))
    if (entry.type === 'object' && entry.object.key.endsWith('.jsonl'))
      yield* valuesOf(entry.object.key, await store.get(entry.object.key), shape);
}

/** The values of one segment. @throws KtError as {@link readLog}. */
export function* valuesOf<T>(key: string, bytes: Uint8Array, shape: Shape<T>): Generator<T> {
  let count = 0;
  const origin = {
    ...RUN_FILE,
    get file() {
      return `${key} line ${count}`;
    },
  };
  for (const line of linesIn(bytes)) {
    count++;
    if (line !== '') yield parseText(shape, line, origin);
  }
}

/** What is done with the values that a log has when it is opened. */
export interface Existing<T> {
  /** What a line must be. */
  shape: Shape<T>;
  /** Takes each value, in order. */
  onValue: (value: T) => void;
}

/** Appends to one log. */
export class SegmentLog<T> {
  readonly #store: FileStore;
  readonly #prefix: string;
  /** Called between gathering and putting; a pause here makes segments fewer and larger. */
  readonly #pace: () => Promise<void>;
  #next: number;
  #gathering: { lines: string[]; stored: Promise<void> } | undefined;
  #last: Promise<void> = Promise.resolve();

  private constructor(store: FileStore, prefix: string, at: { next: number; pace: () => Promise<void> }) {
    this.#store = store;
    this.#prefix = prefix;
    this.#next = at.next;
    this.#pace = at.pace;
  }

  /** Opens a log for appending; `existing` is told each value already there. */
  static async open<T>(
    store: FileStore,
    prefix: string,
    options: { existing?: Existing<T>; pace?: () => Promise<void> } = {},
  ): Promise<SegmentLog<T>> {
    const { existing } = options;
    let count = 0;
    for await (const entry of store.list(prefix)) {
      if (entry.type !== 'object') continue;
      count++;
      if (existing === undefined) continue;
      const { key } = entry.object;
      for (const value of valuesOf(key, await store.get(key), existing.shape)) existing.onValue(value);
    }
    return new SegmentLog<T>(store, prefix, {
      next: count + 1,
      pace: options.pace ?? (() => Promise.resolve()),
    });
  }

  /** Adds values; resolves when they are stored. */
  append(...values: T[]): Promise<void> {
    const batch = (this.#gathering ??= this.#begin());
    for (const value of values) batch.lines.push(JSON.stringify(value));
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
    while ((await this.#store.put(this.#prefix + segmentName(this.#next), body, { ifAbsent: true })) === null)
      this.#next++;
    this.#next++;
  }
}
