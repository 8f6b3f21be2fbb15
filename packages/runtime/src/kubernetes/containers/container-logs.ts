/*
 * What the containers of a step print, read from their pods and stored as the logs of its items.
 *
 * CL1 A container is read while it runs, so that what it said is there when its pod is gone, or its log was
 *     rotated; and once more from there when it has ended: a stream that ends says nothing about a container.
 * CL2 What comes without a time was said by the node and not by the container: that its log cannot be read.
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
  /** Asked for where there is something to store. */
  attempt: () => Promise<number>;
}

/** What was read of a container so far. */
interface Reading {
  last: LastLines;
  at: Position;
}

/** Reads the logs of containers. */
export class ContainerLogs {
  readonly #o: { api: KubeApi; store: FileStore; clock: Clock; namespace: string; signal: AbortSignal };
  /** Of containers that are read while they run: what was read, when no more comes. */
  readonly #reading = new Map<string, Promise<Reading>>();
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
    const read: Reading = { last: new LastLines(), at: new Position() };
    const reading = this.#read(pod, of, { read, follow: true })
      .catch(() => undefined)
      .finally(() => this.#followed--);
    this.#reading.set(
      uid,
      reading.then(() => read),
    );
  }

  /**
   * Reads a container that has ended: its last lines, and whether its log was there to its end. Rejects with
   * KubeError where it may not be read.
   */
  async whole(pod: Pod, of: LogOf): Promise<{ lines: readonly string[]; isWhole: boolean }> {
    const followed = await this.#reading.get(pod.metadata.uid ?? '');
    const read = followed ?? { last: new LastLines(), at: new Position() };
    const isWhole = await this.#insist(pod, of, read);
    return { lines: read.last.all(), isWhole };
  }

  /** It is dealt with. */
  forget(pod: Pod): void {
    this.#reading.delete(pod.metadata.uid ?? '');
  }

  /** Reads on to the end; false where the log is gone. */
  async #insist(pod: Pod, of: LogOf, read: Reading): Promise<boolean> {
    for (let tries = 0; ; tries++) {
      try {
        return await this.#read(pod, of, { read, follow: false });
      } catch (error) {
        if (!isKubeError(error)) throw error;
        if (error.status === 403) throw error;
        // The pod is gone, or its node is.
        if (error.status === 404 || error.status === 400 || tries === RETRIES) return false;
        await this.#o.clock.sleep(RETRY_MS * 2 ** tries, this.#o.signal);
      }
    }
  }

  /**
   * Reads what is new of a log, to its end as it is now; false where the node has none. Rejects with
   * KubeError where it breaks off.
   */
  async #read(
    { metadata }: Pod,
    of: LogOf,
    { read: { last, at }, follow }: { read: Reading; follow: boolean },
  ): Promise<boolean> {
    const { api, namespace, signal } = this.#o;
    const query = { container: CONTAINER, timestamps: true, ...at.since, ...(follow ? { follow } : {}) };
    let log: Promise<ItemLog> | undefined;
    const how = { query, signal, isRead: !follow };
    const chunks = api.stream(paths.podLog(namespace, metadata.name), how);
    const isNew = at.behind();
    // What this process has read it has stored: nobody else has stored more.
    const opened = { isPaced: follow, isFirst: at.isStart };
    try {
      for await (const text of cutLinesOf(chunks, MAX_LINE + TIME)) {
        const { atMs, message } = printed(text);
        if (atMs === null) return false;
        if (!isNew(atMs)) continue;
        last.push(message);
        const into = await (log ??= this.#open(of, opened));
        await into.add(atMs, message);
      }
    } finally {
      await (await log)?.close();
    }
    return true;
  }

  async #open(
    { runId, job, item, attempt: attemptOf }: LogOf,
    { isPaced, isFirst }: { isPaced: boolean; isFirst: boolean },
  ): Promise<ItemLog> {
    const { store, clock, signal } = this.#o;
    const closing = new AbortController();
    const until = AbortSignal.any([closing.signal, signal]);
    const stored = new Position();
    const attempt = await attemptOf();
    const log = await SegmentLog.open<Partial<Printed>>(store, logsPrefix(runId, job, item), {
      existing: {
        shape: value => value as Partial<Printed>,
        onValue: ({ n, t }) => {
          if (n === attempt && typeof t === 'number') stored.passed(t);
        },
      },
      ...(isPaced ? { pace: () => clock.sleep(PACE_MS, until).catch(() => undefined) } : {}),
    });
    return new ItemLog(log, {
      item,
      attempt,
      isNew: isFirst ? stored.behind() : () => true,
      end: () => closing.abort(),
    });
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
  readonly #of: { item: number; attempt: number; isNew: (atMs: number) => boolean; end: () => void };
  #waiting = 0;
  #chars = 0;
  #stored: Promise<void> = Promise.resolve();

  constructor(
    log: SegmentLog<Partial<Printed>>,
    of: { item: number; attempt: number; isNew: (atMs: number) => boolean; end: () => void },
  ) {
    this.#log = log;
    this.#of = of;
  }

  async add(atMs: number, message: string): Promise<void> {
    const { item, attempt, isNew } = this.#of;
    if (!isNew(atMs)) return;
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

/** How far lines were read that have the times at which they were printed, several at one time perhaps. */
class Position {
  #ms = 0;
  /** How many lines of that time. */
  #lines = 0;

  passed(ms: number): void {
    if (ms > this.#ms) this.#lines = 0;
    if (ms >= this.#ms) this.#lines++;
    this.#ms = Math.max(ms, this.#ms);
  }

  get isStart(): boolean {
    return this.#lines === 0;
  }

  /** From where the same lines are read again; Kubernetes takes whole seconds. */
  get since(): { sinceTime?: string } {
    if (this.isStart) return {};
    return { sinceTime: new Date(this.#ms - (this.#ms % 1000)).toISOString() };
  }

  /** Tells of lines that are read again from there, in order, which are new; those are passed. */
  behind(): (ms: number) => boolean {
    const [fromMs, lines] = [this.#ms, this.#lines];
    let met = 0;
    return ms => {
      if (ms < fromMs || (ms === fromMs && ++met <= lines)) return false;
      this.passed(ms);
      return true;
    };
  }
}

/** A line as Kubernetes gives it: its time, a space, what was printed; null: it has no time. */
function printed(text: string): { atMs: number | null; message: string } {
  const space = text.indexOf(' ');
  const atMs = Date.parse(text.slice(0, space));
  return Number.isNaN(atMs) ? { atMs: null, message: text } : { atMs, message: text.slice(space + 1) };
}
