/*
 * An append-only log of JSON lines over any FileStore: the journal of a run, the results and the logs of a
 * pod.
 *
 * L1 Segments are numbered from 1 without gaps and each is put if absent: all writers agree on one order.
 * L2 A writer that loses a number takes the next one; what it wrote is never lost and never overwritten.
 * L3 Group commit: while one segment is being put, later lines gather for the next. `append` resolves when
 *    its line is stored.
 * L4 After a failed put every `append` rejects: a log never skips a line silently.
 */
import type { FileStore } from '../ports/index.js';
import { segmentName } from './layout.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Reads all values of a log, in order. */
export async function* readLog<T>(store: FileStore, prefix: string): AsyncGenerator<T> {
  for await (const entry of store.list(prefix)) {
    if (entry.type === 'object' && entry.object.key.endsWith('.jsonl'))
      yield* parseLines<T>(await store.get(entry.object.key));
  }
}

/** The values of a JSON-lines text. */
export function* parseLines<T>(bytes: Uint8Array): Generator<T> {
  const text = decoder.decode(bytes);
  for (let from = 0; from < text.length;) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? text.length : end);
    if (line !== '') yield JSON.parse(line) as T;
    from = end < 0 ? text.length : end + 1;
  }
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

  /** Opens a log for appending; `onValue` is called with each value already there. */
  static async open<T>(
    store: FileStore,
    prefix: string,
    options: { onValue?: (value: T) => void; pace?: () => Promise<void> } = {},
  ): Promise<SegmentLog<T>> {
    let count = 0;
    for await (const entry of store.list(prefix)) {
      if (entry.type !== 'object') continue;
      count++;
      if (options.onValue !== undefined)
        for (const value of parseLines<T>(await store.get(entry.object.key))) options.onValue(value);
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
