/*
 * A live view of a collection: what there is, and then what changes.
 *
 * F1 It ends only when its signal is aborted, or with the KubeError of a 403 that lasts. Whatever else goes
 *    wrong is told and tried again.
 * F2 Between two watches lies a wait, unless the first lived for a second; waits grow until something is
 *    heard.
 * - A watch that says nothing for `idleMs` is given up: the server sends bookmarks every minute, so nobody
 *   is there.
 * - A list replaces everything that was said before: what is gone since is not told one by one. States in
 *   between may be missed.
 */
import type { Clock } from '../../ports/index.js';
import { LineDecoder } from '../../streams/lines.js';
import type { KubeApi, Selectors } from './kube-api.js';
import { parseWatchEvent } from './answers.js';
import { Deadline } from './deadline.js';
import { isKubeError, type KubeError, type KubeCall, refused, unreachable } from './kube-error.js';
import type { KubeObject, WatchEvent } from './objects.js';
import { chance } from './retry-budget.js';
import { LIST_IS_OLD, WatchTimeout } from './watch-timeout.js';

/** What happens in a collection. */
export type WatchChange<T> =
  | { type: 'list'; items: T[]; resourceVersion: string }
  | { type: 'put'; object: T }
  | { type: 'gone'; object: T };

/** Which objects are watched. */
export type WatchTarget = Selectors & { path: string };

/** How they are watched. */
export interface WatchOptions {
  signal: AbortSignal;
  clock: Clock;
  /** Told of everything that went wrong and is tried again. */
  onTrouble?: (error: unknown) => void;
  /** Told of the last 403 when an answer has come after it. */
  onPassed?: (denied: KubeError) => void;
  /** How long a 403 is tried again: somebody may be replacing the role. Default: 0, it is the end. */
  deniedForMs?: number;
  /** Default: 150 s. */
  idleMs?: number;
  /** How old the last list may become. Default: 600 s. */
  relistMs?: number;
  /** The version that the first list is to show, or a later one. Default: the newest. */
  notOlderThan?: string | undefined;
}

const ANSWER_WITHIN_MS = 30_000;
const SHORT_LIFE_MS = 1000;
const FIRST_DELAY_MS = 800;
const MAX_DELAY_MS = 30_000;
const MIN_WATCH_S = 290;
const MAX_WATCH_S = 580;

/** Watches the objects of a collection until the signal. */
export async function* watch<T extends KubeObject>(
  api: KubeApi,
  target: WatchTarget,
  options: WatchOptions,
): AsyncGenerator<WatchChange<T>, void, undefined> {
  const watcher = new Watcher<T>(api, target, options);
  const { signal, clock } = options;
  do {
    try {
      yield* watcher.round();
    } catch (error) {
      if (signal.aborted) return;
      if (watcher.isDenied(error)) throw error;
      watcher.failed(error);
    }
    await clock.sleep(watcher.delayMs(), signal).catch(() => undefined);
  } while (!signal.aborted);
}

/** Where a watch stands: what was seen last, and how often in a row it went wrong. */
class Watcher<T extends KubeObject> {
  readonly #api: KubeApi;
  readonly #target: WatchTarget;
  readonly #options: WatchOptions & { idleMs: number; relistMs: number };
  readonly #call: KubeCall;
  /** Of the last list or event; undefined: list first. */
  #version: string | undefined;
  #listedMs = 0;
  #hasListed = false;
  #failures = 0;
  /** The last 403, and since when there was no other answer; null: there was. */
  #denied: { error: KubeError; sinceMs: number } | null = null;
  #wasShort = true;
  #retryAfterMs = 0;

  constructor(api: KubeApi, target: WatchTarget, options: WatchOptions) {
    this.#api = api;
    this.#target = target;
    this.#options = { ...options, idleMs: options.idleMs ?? 150_000, relistMs: options.relistMs ?? 600_000 };
    this.#call = { method: 'GET', path: target.path, watch: true, to: api.connection };
  }

  /** A list where one is due, and one watch. */
  async *round(): AsyncGenerator<WatchChange<T>, void, undefined> {
    const { clock, signal, relistMs, onTrouble, notOlderThan } = this.#options;
    const { path, ...selectors } = this.#target;
    this.#retryAfterMs = 0;
    this.#wasShort = true;
    if (this.#version === undefined || clock.elapsedMs() - this.#listedMs >= relistMs) {
      const { items, resourceVersion } = await this.#api.list<T>(path, {
        ...selectors,
        signal,
        retryForMs: 0,
        ...(this.#hasListed ? {} : { notOlderThan }),
      });
      this.#version = resourceVersion;
      this.#listedMs = clock.elapsedMs();
      this.#hasListed = true;
      yield { type: 'list', items, resourceVersion };
    }
    const beganMs = clock.elapsedMs();
    let heard = false;
    try {
      for await (const event of this.#watch()) {
        heard = true;
        yield event;
      }
    } finally {
      this.#wasShort = clock.elapsedMs() - beganMs < SHORT_LIFE_MS;
      if (heard || !this.#wasShort) this.#failures = 0;
    }
    if (this.#wasShort) this.#failures++;
    if (this.#failures > 1)
      onTrouble?.(unreachable(this.#call, new Error('it ends every watch as soon as it has begun')));
  }

  /** A 403 that has lasted for as long as one is tried again. */
  isDenied(error: unknown): boolean {
    if (!isKubeError(error, 403)) return false;
    const nowMs = this.#options.clock.elapsedMs();
    this.#denied = { error, sinceMs: this.#denied?.sinceMs ?? nowMs };
    return nowMs - this.#denied.sinceMs >= (this.#options.deniedForMs ?? 0);
  }

  /** The watch is allowed. */
  #answered(): void {
    const denied = this.#denied;
    this.#denied = null;
    if (denied !== null) this.#options.onPassed?.(denied.error);
  }

  /** Something went wrong in a round. */
  failed(error: unknown): void {
    // An expired version is no error, and a refused one is not accepted by asking again: both list anew.
    const expired = isKubeError(error, 410);
    if (expired || refusesVersion(error)) this.#version = undefined;
    if (!expired || this.#wasShort) this.#failures++;
    if (isKubeError(error)) this.#retryAfterMs = error.retryAfterMs ?? 0;
    if (!expired) this.#options.onTrouble?.(error);
  }

  /** How long to wait before the next round. */
  delayMs(): number {
    if (this.#failures === 0) return 0;
    const fullMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.#failures - 1));
    return Math.max(this.#retryAfterMs, fullMs * (0.5 + chance(this.#options.clock) / 2));
  }

  async *#watch(): AsyncGenerator<WatchChange<T>, void, undefined> {
    const { clock, signal } = this.#options;
    const { path, ...selectors } = this.#target;
    const timeoutSeconds = Math.floor(MIN_WATCH_S + chance(clock) * (MAX_WATCH_S - MIN_WATCH_S));
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: this.#version,
      timeoutSeconds,
      ...selectors,
    };
    const deadline = new Deadline(signal);
    const guard = new WatchTimeout({
      ...this.#options,
      deadline,
      listedMs: this.#listedMs,
      call: this.#call,
    });
    const lines = new LineDecoder();
    try {
      for await (const chunk of this.#api.stream(path, {
        query,
        signal: deadline.signal,
        answerWithinMs: ANSWER_WITHIN_MS,
      })) {
        guard.heard();
        this.#answered();
        for (const line of lines.push(chunk)) {
          if (line === '') continue;
          const event = this.#eventIn(line);
          if (event.type === 'ERROR')
            throw refused(this.#call, {
              status: event.object.code ?? 500,
              text: JSON.stringify(event.object),
            });
          this.#version = event.object.metadata.resourceVersion ?? this.#version;
          if (event.type !== 'BOOKMARK')
            yield { type: event.type === 'DELETED' ? 'gone' : 'put', object: event.object };
        }
        guard.waits();
      }
    } catch (error) {
      if (error !== LIST_IS_OLD) throw error;
    } finally {
      deadline.release();
    }
  }

  #eventIn(line: string): WatchEvent<T> {
    try {
      return parseWatchEvent<T>(line);
    } catch (error) {
      throw unreachable(this.#call, error);
    }
  }
}

/** Versions of a cluster that was restored from a backup, or damaged ones. */
function refusesVersion(error: unknown): boolean {
  return (
    isKubeError(error) &&
    (error.status === 400 || error.status === 422 || /too large resource version/i.test(error.message))
  );
}
