/*
 * What the containers of a step print, read from their pods and stored as the logs of its items.
 *
 * - A container is read while it runs, so that what it said is there when its pod is gone; one that could
 *   not be read to its end is read again, from the beginning, when it has ended.
 * - Of a line without end only the beginning is kept: memory does not grow with what containers print.
 * - Lines that are stored already are not stored again: each has the time at which it was printed.
 */
import type { Clock, FileStore } from '../../ports/index.js';
import { logsPrefix } from '../../run-store/layout.js';
import { SegmentLog } from '../../run-store/segment-log.js';
import { LastLines } from '../../streams/last-lines.js';
import { cutLinesOf, MAX_LINE } from '../../streams/lines.js';
import type { KubeApi } from '../api/kube-api.js';
import { isKubeError } from '../api/kube-error.js';
import type { Pod } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { CONTAINER } from '../manifests/pod-spec.js';

/** Containers that are read while they run; others when they have ended. */
const AT_ONCE = 50;
/** How long lines gather before they are stored. */
const PACE_MS = 2000;
/** Half a minute in all: a node may be out of reach for as long. */
const RETRIES = 6;
const RETRY_MS = 500;
/** Lines that may wait to be stored, and their characters. */
const WAITING = 5000;
const WAITING_CHARS = 2 ** 22;
/** Characters that the time before a line may have. */
const TIME = 40;

/** Whose container it is. */
export interface LogOf {
  runId: string;
  job: string;
  item: number;
  attempt: number;
}

/** Reads the logs of containers. */
export class ContainerLogs {
  readonly #o: { api: KubeApi; store: FileStore; clock: Clock; namespace: string; signal: AbortSignal };
  readonly #reading = new Map<string, Promise<readonly string[]>>();
  #followed = 0;

  constructor(options: {
    api: KubeApi;
    store: FileStore;
    clock: Clock;
    namespace: string;
    signal: AbortSignal;
  }) {
    this.#o = options;
  }

  /** Begins to read a container that runs, where not too many are. */
  follow(pod: Pod, of: LogOf): void {
    const uid = pod.metadata.uid ?? '';
    if (this.#followed >= AT_ONCE || this.#reading.has(uid)) return;
    this.#followed++;
    const reading = this.#read(pod, of, true).finally(() => this.#followed--);
    reading.catch(() => undefined);
    this.#reading.set(uid, reading);
  }

  /**
   * Reads a container that has ended; its last lines, or null where its log is gone. Rejects with KubeError
   * where it may not be read.
   */
  async whole(pod: Pod, of: LogOf): Promise<readonly string[] | null> {
    const uid = pod.metadata.uid ?? '';
    const followed = await this.#reading.get(uid)?.catch(() => undefined);
    if (followed !== undefined) return followed;
    return await this.#insist(pod, of);
  }

  /** It is dealt with. */
  forget(pod: Pod): void {
    this.#reading.delete(pod.metadata.uid ?? '');
  }

  async #insist(pod: Pod, of: LogOf): Promise<readonly string[] | null> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#read(pod, of, false);
      } catch (error) {
        if (!isKubeError(error)) throw error;
        if (error.status === 403) throw error;
        // The pod is gone, or its node is.
        if (error.status === 404 || error.status === 400 || tries === RETRIES) return null;
        await this.#o.clock.sleep(RETRY_MS * 2 ** tries, this.#o.signal);
      }
    }
  }

  /** Reads a log to its end; its last lines. Rejects with KubeError where it breaks off. */
  async #read({ metadata }: Pod, of: LogOf, follow: boolean): Promise<readonly string[]> {
    const { api, namespace, signal } = this.#o;
    const query = { container: CONTAINER, timestamps: true, ...(follow ? { follow } : {}) };
    const last = new LastLines();
    let log: Promise<ItemLog> | undefined;
    const chunks = api.stream(paths.podLog(namespace, metadata.name), { query, signal });
    for await (const text of cutLinesOf(chunks, MAX_LINE + TIME)) {
      const { atMs, message } = printed(text);
      last.push(message);
      const into = await (log ??= this.#open(of, follow));
      await into.add(atMs, message);
    }
    await (await log)?.close();
    return last.all();
  }

  async #open({ runId, job, item, attempt }: LogOf, isPaced: boolean): Promise<ItemLog> {
    const { store, clock, signal } = this.#o;
    const closing = new AbortController();
    const until = AbortSignal.any([closing.signal, signal]);
    let storedMs = 0;
    const log = await SegmentLog.open<Partial<Printed>>(store, logsPrefix(runId, job, item), {
      existing: {
        shape: value => value as Partial<Printed>,
        onValue: ({ n, t }) => {
          if (n === attempt && typeof t === 'number') storedMs = Math.max(storedMs, t);
        },
      },
      ...(isPaced ? { pace: () => clock.sleep(PACE_MS, until).catch(() => undefined) } : {}),
    });
    return new ItemLog(log, { item, attempt, storedMs, end: () => closing.abort() });
  }
}

/** A line as logs of items have it. */
interface Printed {
  i: number;
  n: number;
  t: number;
  level: string;
  message: string;
}

/** The log of one attempt. */
class ItemLog {
  readonly #log: SegmentLog<Partial<Printed>>;
  readonly #of: { item: number; attempt: number; storedMs: number; end: () => void };
  #waiting = 0;
  #chars = 0;
  #stored: Promise<void> = Promise.resolve();

  constructor(
    log: SegmentLog<Partial<Printed>>,
    of: { item: number; attempt: number; storedMs: number; end: () => void },
  ) {
    this.#log = log;
    this.#of = of;
  }

  async add(atMs: number, message: string): Promise<void> {
    const { item, attempt, storedMs } = this.#of;
    if (atMs <= storedMs) return;
    this.#stored = this.#log.append({ i: item, n: attempt, t: atMs, level: 'info', message });
    this.#stored.catch(() => undefined);
    this.#chars += message.length;
    if (++this.#waiting < WAITING && this.#chars < WAITING_CHARS) return;
    [this.#waiting, this.#chars] = [0, 0];
    await this.#stored;
  }

  async close(): Promise<void> {
    this.#of.end();
    await this.#stored;
  }
}

/** A line as Kubernetes gives it: its time, a space, what was printed. */
function printed(text: string): { atMs: number; message: string } {
  const space = text.indexOf(' ');
  const atMs = Date.parse(text.slice(0, space));
  return Number.isNaN(atMs) ? { atMs: 0, message: text } : { atMs, message: text.slice(space + 1) };
}
