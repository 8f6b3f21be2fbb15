/*
 * Reads logs, segment by segment.
 *
 * RL1 Whether a segment is there is asked by its key, one after the other: listings may be late, and may show
 *     a later one without an earlier one. What a listing shows is a reason to look, never the truth.
 * RL2 A segment that is missing while a later one is there is an error, and so is one that does not follow
 *     the one before it: nothing is passed over.
 * - Files that are no segments are nobody's: they are not looked at.
 */
import { isKtError } from '@kube-transform/sdk';
import { parseText } from '../parse/parse-json.js';
import type { Shape } from '../parse/shapes.js';
import type { FileStore } from '../ports/index.js';
import { originOf, segmentName, segmentOf } from './layout.js';
import { damaged, parseSegment, type Segment } from './segment.js';

/** One log that is read from its beginning on; what came since is read when it is asked again. */
export class LogReader {
  readonly #store: FileStore;
  readonly #prefix: string;
  readonly #copies: ReadonlyMap<string, Uint8Array> | undefined;
  /** The number of the last segment that was read; 0 before the first. */
  number = 0;
  /** What the next segment follows; undefined where that was not read. */
  sum: string | undefined = '';
  /** The newest epoch that was read. */
  epoch = 0;
  /** How much was read. */
  bytes = 0;

  /** @param copies of segments that are stored, by their keys: one that is whole is not read again. */
  constructor(store: FileStore, prefix: string, copies?: ReadonlyMap<string, Uint8Array>) {
    this.#store = store;
    this.#prefix = prefix;
    this.#copies = copies;
  }

  /** The next segment; null where there is none yet. @throws KtError `BAD_RUN` for one that is damaged. */
  async next(): Promise<Segment | null> {
    const number = this.number + 1;
    const key = this.#prefix + segmentName(number);
    const copy = this.#copies?.get(key);
    const copied = copy === undefined ? null : this.take(number, copy);
    if (copied !== null) return copied;
    const bytes = await bytesOf(this.#store, key);
    if (bytes === null) return null;
    // Another call may have been quicker.
    return this.number >= number ? this.next() : this.#read(number, bytes);
  }

  #read(number: number, bytes: Uint8Array): Segment {
    const segment = parseSegment(this.#prefix + segmentName(number), bytes, { number, after: this.sum });
    this.number = number;
    this.sum = segment.sum;
    this.bytes += bytes.length;
    this.epoch = Math.max(this.epoch, segment.epoch);
    return segment;
  }

  /** Takes the next segment from who has put it; null where it is another, or not whole. */
  take(number: number, bytes: Uint8Array): Segment | null {
    try {
      return number === this.number + 1 ? this.#read(number, bytes) : null;
    } catch {
      return null;
    }
  }

  /** Goes on behind a segment that need not be read. */
  skipTo(number: number): void {
    if (number <= this.number) return;
    this.number = number;
    this.sum = undefined;
  }

  /** The next segment was written from here. */
  wrote(number: number, sum: string): void {
    this.number = number;
    this.sum = sum;
  }

  /** To be asked where there is no next one: is there one after it? @throws KtError `BAD_RUN` where it is. */
  async checkEnd(listed: number): Promise<void> {
    for (let later = listed; later > this.number; later--) {
      // A listing may show what was deleted.
      if ((await this.#store.head(this.#prefix + segmentName(later))) === null) continue;
      throw damaged(
        this.#prefix + segmentName(this.number + 1),
        `this segment is missing, and segment ${later} is there`,
      );
    }
  }
}

async function bytesOf(store: FileStore, key: string): Promise<Uint8Array | null> {
  try {
    return await store.get(key);
  } catch (error) {
    if (isKtError(error) && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}

/** The logs below a prefix that a listing shows: the prefix of each, and its last segment. */
export async function listLogs(store: FileStore, prefix: string): Promise<Map<string, number>> {
  const logs = new Map<string, number>();
  for await (const entry of store.list(prefix)) {
    const segment = entry.type === 'object' ? segmentOf(entry.object.key, prefix) : null;
    if (segment !== null) logs.set(segment.log, Math.max(segment.number, logs.get(segment.log) ?? 0));
  }
  return logs;
}

/** What is new in a log, a segment at a time. @param listed the last segment that a listing shows. */
export async function* newSegments(reader: LogReader, listed: number): AsyncGenerator<Segment> {
  for (let segment = await reader.next(); segment !== null; segment = await reader.next()) yield segment;
  await reader.checkEnd(listed);
}

/**
 * Reads all values of a log, in order; or those of the logs of all pods that a listing shows below a prefix.
 *
 * @throws KtError `BAD_RUN` for a segment that is damaged or missing, a line that is not of their shape.
 */
export async function* readLog<T>(store: FileStore, prefix: string, shape: Shape<T>): AsyncGenerator<T> {
  const listed = await listLogs(store, prefix);
  if (listed.size === 0) listed.set(prefix, 0);
  for (const [log, last] of listed)
    for await (const segment of newSegments(new LogReader(store, log), last)) yield* valuesOf(segment, shape);
}

/** The values of one segment. @throws KtError `BAD_RUN` for a line that is not of their shape. */
export function* valuesOf<T>({ key, lines, firstLine }: Segment, shape: Shape<T>): Generator<T> {
  let count = firstLine - 1;
  const origin = {
    ...originOf(key),
    get file() {
      return `${key} line ${count}`;
    },
  };
  for (const line of lines) {
    count++;
    if (line !== '') yield parseText(shape, line, origin);
  }
}
