/*
 * A log that many follow, read once.
 *
 * LF1 Each who follows is given the whole log, each line once and in order, whenever it comes and however
 *     slowly it takes: lines that are not held any more it reads itself, until it has come to those that are.
 * LF2 There is one stream for all, which begins with the first who follows and ends with the last. One that
 *     breaks, or ends before its container has, is taken up where it was.
 */
import { isKubeError } from '@kube-transform/runtime/kubernetes';
import type { Clock } from '@kube-transform/runtime';
import type { ContainerPlace } from '../jobs/job-logs.js';
import type { LogPlace, PlacedLine } from './log-places.js';
import { LogWindow } from './log-window.js';
import { type LogApi, readLog } from './read-log.js';

/** What a log is read with. */
export interface SharedLogOptions {
  api: LogApi;
  clock: Clock;
  of: ContainerPlace;
  /** Characters that are held. */
  maxChars: number;
}

const AGAIN_MS = 1000;
/** Of a container that has ended: what cannot be read then is not there. */
const MAX_BROKEN = 5;
/** Of lines that one who is behind reads and is given at once. */
const MAX_BATCH = 256;
const MAX_BATCH_CHARS = 2 ** 16;

/** The log of one container. */
export class SharedLog {
  readonly #options: SharedLogOptions;
  readonly #window: LogWindow;
  /** Who waits for a line, and for its container to be looked at. */
  readonly #forNews = new Set<() => void>();
  readonly #forLook = new Set<() => void>();
  readonly #left = new AbortController();
  #followers = 0;
  #hasEnded = false;
  #isInOrder = true;
  #isDone = false;

  constructor(options: SharedLogOptions) {
    this.#options = options;
    this.#window = new LogWindow(options.maxChars);
  }

  /** Whether all who followed have left: it is read no more. */
  get isLeft(): boolean {
    return this.#left.signal.aborted;
  }

  /** Tells how its container was seen; what has ended once has. */
  see({ hasEnded }: { hasEnded: boolean }): void {
    this.#hasEnded ||= hasEnded;
    wakeAll(this.#forLook);
  }

  /** Lines as they come, some at once, until the log is over or the signal comes. Never rejects. */
  async *follow(signal: AbortSignal): AsyncGenerator<readonly PlacedLine[], void> {
    let place: LogPlace | null = null;
    if (this.#followers++ === 0) void this.#read();
    try {
      while (!signal.aborted) {
        if (!this.#window.follows(place)) {
          place = yield* this.#behind(place, signal);
          continue;
        }
        const lines = this.#window.after(place);
        const last = lines.at(-1);
        if (last !== undefined) {
          yield lines;
          place = last;
        } else if (this.#isDone) return;
        else await woken(this.#forNews, signal);
      }
    } finally {
      if (--this.#followers === 0) this.#left.abort();
    }
  }

  /** Reads the one stream, again and again, until its container has ended. Never rejects. */
  async #read(): Promise<void> {
    const { signal } = this.#left;
    let broken = 0;
    while (broken < MAX_BROKEN && !signal.aborted) {
      const isWhole = this.#hasEnded;
      try {
        const how = { after: this.#window.last, follow: true, isWhole, signal };
        for await (const line of this.#reading(how)) {
          broken = 0;
          this.#window.push(line);
          wakeAll(this.#forNews);
        }
        if (isWhole) break;
        // A node that goes away ends a log as its container does: which it was is known when it is looked at.
        if (!this.#hasEnded) await woken(this.#forLook, signal);
      } catch (error) {
        if (isGone(error)) break;
        if (isWhole) broken++;
        await this.#options.clock.sleep(AGAIN_MS, signal).catch(() => undefined);
      }
    }
    this.#isDone = true;
    wakeAll(this.#forNews);
  }

  /** Lines after a place, up to those that are held: the place after them. Never rejects. */
  async *#behind(
    place: LogPlace | null,
    signal: AbortSignal,
  ): AsyncGenerator<readonly PlacedLine[], LogPlace | null> {
    let at = place;
    for (let broken = 0; broken < MAX_BROKEN && !signal.aborted; broken++) {
      const from = at;
      try {
        const how = { after: at, follow: false, isWhole: false, signal };
        for await (const lines of inBatches(this.#reading(how), line => this.#window.follows(line))) {
          yield lines;
          at = lines.at(-1) ?? at;
          if (this.#window.follows(at)) break;
        }
        if (this.#window.follows(at)) return at;
        // What is held goes on while it is read; what cannot be read is not in the log any more.
        if (at === from) break;
        broken = 0;
      } catch (error) {
        if (isGone(error)) break;
        await this.#options.clock.sleep(AGAIN_MS, signal).catch(() => undefined);
      }
    }
    return this.#window.before;
  }

  #reading(how: {
    after: LogPlace | null;
    follow: boolean;
    isWhole: boolean;
    signal: AbortSignal;
  }): AsyncGenerator<PlacedLine, void> {
    const { api, of } = this.#options;
    return readLog({ ...how, api, of, isInOrder: this.#isInOrder }, () => void (this.#isInOrder = false));
  }
}

function wakeAll(waiting: ReadonlySet<() => void>): void {
  for (const wake of waiting) wake();
}

/** Resolves when those who wait are woken, or at the signal. */
async function woken(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>(resolve => {
    const wake = (): void => {
      waiting.delete(wake);
      signal.removeEventListener('abort', wake);
      resolve();
    };
    waiting.add(wake);
    signal.addEventListener('abort', wake, { once: true });
  });
}

/** The pod is not there any more, or its log may not be read. */
const isGone = (error: unknown): boolean => isKubeError(error, 404) || isKubeError(error, 403);

/** Lines some at once, up to one that ends a batch or the whole. */
async function* inBatches(
  lines: AsyncIterable<PlacedLine>,
  ends: (line: PlacedLine) => boolean,
): AsyncGenerator<readonly PlacedLine[], void> {
  let [batch, chars]: [PlacedLine[], number] = [[], 0];
  for await (const line of lines) {
    batch.push(line);
    chars += line.line.length;
    if (batch.length < MAX_BATCH && chars < MAX_BATCH_CHARS && !ends(line)) continue;
    yield batch;
    [batch, chars] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}
