/*
 * Ends this process when an attempt outlives its timeout and does not yield: a thread looks at the deadlines,
 * so that a loop that never ends cannot hold it up.
 *
 * - The thread is started only where a job has a timeout.
 * HT2 Before it kills, it writes into the termination message file which attempt was too slow and which
 *     others it takes along.
 */
import { Worker } from 'node:worker_threads';

const SLOTS = 256;
const CHECK_MS = 100;
/** Beyond the timeout, for an attempt that heeds its signal. */
const GRACE_MS = 2000;

const THREAD = `
const { workerData: { shared, path, format, slots, checkMs } } = require('node:worker_threads');
const { writeFileSync } = require('node:fs');
const items = new Float64Array(shared, 0, slots), deadlines = new Float64Array(shared, slots * 8, slots);
setInterval(() => {
  const now = Date.now();
  const late = deadlines.findIndex(at => at > 0 && now > at);
  if (late < 0) return;
  const begun = [...items].filter((_, i) => deadlines[i] > 0);
  try { writeFileSync(path, JSON.stringify({ format, begun, deadline: items[late] })); } catch {}
  process.kill(process.pid, 'SIGKILL');
}, checkMs);
`;

/** Watches attempts. */
export class HardTimeout {
  readonly #items: Float64Array;
  readonly #deadlines: Float64Array;
  readonly #timeoutMs: number;
  readonly #thread: Worker;

  /** @param options `format`: of the termination message, not imported: that would make a file of its own. */
  constructor(options: { timeoutMs: number; path: string; format: number }) {
    const { timeoutMs, path, format } = options;
    const shared = new SharedArrayBuffer(SLOTS * 16);
    this.#items = new Float64Array(shared, 0, SLOTS);
    this.#deadlines = new Float64Array(shared, SLOTS * 8, SLOTS);
    this.#timeoutMs = timeoutMs;
    this.#thread = new Worker(THREAD, {
      eval: true,
      workerData: { shared, path, format, slots: SLOTS, checkMs: CHECK_MS },
    });
    this.#thread.unref();
  }

  begin(item: number): void {
    const slot = this.#deadlines.indexOf(0);
    if (slot < 0) return;
    this.#items[slot] = item;
    this.#deadlines[slot] = Date.now() + this.#timeoutMs + GRACE_MS;
  }

  end(item: number): void {
    for (let slot = 0; slot < SLOTS; slot++)
      if (this.#items[slot] === item && this.#deadlines[slot] !== 0) this.#deadlines[slot] = 0;
  }
}
