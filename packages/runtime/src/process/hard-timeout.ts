/*
 * Ends this process when an attempt outlives its timeout and does not yield: a thread looks at the deadlines,
 * so that a loop that never ends cannot hold it up.
 *
 * - The thread is started only where a job has a timeout.
 * HT2 Before it kills, it writes into the termination message file which attempt was too slow and which
 *     others it takes along.
 * HT3 Every attempt is watched, however many run at once, and by a clock that nobody sets.
 */
import { Worker } from 'node:worker_threads';

/** Attempts that there is room for at first. */
const SLOTS = 256;
const CHECK_MS = 100;
/** Beyond the timeout, for an attempt that heeds its signal. */
const GRACE_MS = 2000;

const THREAD = `
const { parentPort, workerData: { first, path, note, checkMs } } = require('node:worker_threads');
const { writeFileSync } = require('node:fs');
let slots = first;
parentPort.on('message', larger => (slots = larger));
setInterval(() => {
  const now = Number(process.hrtime.bigint() / 1000000n);
  const late = slots.deadlines.findIndex(at => at > 0 && now > at);
  if (late < 0) return;
  const begun = [...slots.items].filter((_, i) => slots.deadlines[i] > 0);
  try { writeFileSync(path, JSON.stringify({ ...note, begun, deadline: slots.items[late] })); } catch {}
  process.kill(process.pid, 'SIGKILL');
}, checkMs);
`;

/** Attempts under way, a slot each; a deadline of 0 is a slot that is free. Shared with the thread. */
interface Slots {
  readonly items: Float64Array;
  readonly deadlines: Float64Array;
}

const slotsFor = (count: number): Slots => ({
  items: new Float64Array(new SharedArrayBuffer(count * 8)),
  deadlines: new Float64Array(new SharedArrayBuffer(count * 8)),
});

/** Watches attempts. */
export class HardTimeout {
  #slots = slotsFor(SLOTS);
  readonly #free = Array.from({ length: SLOTS }, (_, i) => SLOTS - 1 - i);
  readonly #slotOf = new Map<number, number>();
  readonly #timeoutMs: number;
  readonly #thread: Worker;

  /**
   * @param options `format`: of the termination message, not imported: that would make a file of its own;
   * `at`: what else it says.
   */
  constructor(options: { timeoutMs: number; path: string; format: number; at?: object }) {
    const { timeoutMs, path, format, at } = options;
    this.#timeoutMs = timeoutMs;
    const workerData = { first: this.#slots, path, note: { format, ...at }, checkMs: CHECK_MS };
    this.#thread = new Worker(THREAD, { eval: true, workerData });
    this.#thread.unref();
  }

  /** Nothing is watched any more. */
  close(): Promise<unknown> {
    return this.#thread.terminate();
  }

  begin(item: number): void {
    const slot = this.#free.pop() ?? this.#grow();
    this.#slotOf.set(item, slot);
    this.#slots.items[slot] = item;
    this.#slots.deadlines[slot] = monotonicMs() + this.#timeoutMs + GRACE_MS;
  }

  end(item: number): void {
    const slot = this.#slotOf.get(item);
    if (slot === undefined) return;
    this.#slotOf.delete(item);
    this.#slots.deadlines[slot] = 0;
    this.#free.push(slot);
  }

  /** Makes room for as many again; one of the new slots. */
  #grow(): number {
    const { items, deadlines } = this.#slots;
    const had = items.length;
    this.#slots = slotsFor(had * 2);
    this.#slots.items.set(items);
    this.#slots.deadlines.set(deadlines);
    this.#thread.postMessage(this.#slots);
    for (let slot = had * 2 - 1; slot > had; slot--) this.#free.push(slot);
    return had;
  }
}

/** The same in each thread, unlike `performance.now()`. */
const monotonicMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);
