/*
 * One worker process, as its driver sees it.
 *
 * - It runs one pod at a time. `run` resolves with the pod's outcome, or with how the process ended.
 * W2 An attempt that outlives its timeout by the grace is ended with SIGKILL; so is a process above its
 *    memory limit.
 * W4 What is no message of a worker is not heard: the channel between the two is their own, and functions
 *    know neither it nor the word that each message begins with.
 * W5 A worker leads a process group: what functions begin ends with it. When the driver dies the channel
 *    closes, and the worker ends its group itself, or the guard does (group-guard.ts); one that gives up the
 *    channel is ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { type FailureCause, isKtError, KtError, parseQuantity } from '@kube-transform/sdk';
import type { Clock, ItemEvent, JobOrder } from '../ports/index.js';
import type { PodOutcome } from '../run-store/item-results.js';
import type { GroupGuard } from './group-guard.js';
import { attemptTimeoutMs } from '../worker/retry-policy.js';
import type { PodOrder } from '../worker/run-pod.js';
import { CHANNEL_FD, type Crash, type FromWorker, TO_WORKER, type ToWorker } from './worker-protocol.js';
import { FROM_WORKER } from './worker-messages.js';
import { LineChannel } from '../process/line-channel.js';
import { killGroup } from '../process/process-group.js';
import { lastWords } from '../process/last-words.js';
import { residentBytes } from '../process/resident-memory.js';

const TIMEOUT_GRACE_MS = 2000;
const MEMORY_CHECK_MS = 100;
/** Characters: what an error carries may be long, and is printed after its message. */
const STDERR_KEPT = 64_000;
const STDERR_WAIT_MS = 500;
/** How long a process without a channel may take to end by itself. */
const SILENT_MS = 2000;

/** How a worker is started. */
export interface WorkerOptions {
  /** The bundle's worker entry. */
  entry: string;
  storeUrl: string;
  memory: string;
  env: Record<string, string>;
  clock: Clock;
  /** Ends the worker should this process be killed. */
  guard: GroupGuard;
}

/** What came of a pod. */
export type PodResult =
  | { type: 'done'; outcome: PodOutcome }
  | { type: 'broken'; error: KtError }
  | { type: 'crashed'; crash: Crash };

/** A running worker process. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  readonly #channel: LineChannel;
  readonly #options: WorkerOptions;
  readonly #started = new Map<number, AbortController>();
  #onMessage: ((message: FromWorker | { type: 'newer'; error: KtError }) => void) | undefined;
  #killedFor: FailureCause | undefined;
  #stderr = '';
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;

  constructor(options: WorkerOptions) {
    this.#options = options;
    const heapMiB = Math.max(16, Math.floor((parseQuantity(options.memory) ?? 2 ** 30) / 2 ** 20));
    this.#child = spawn(process.execPath, [`--max-old-space-size=${heapMiB}`, options.entry], {
      env: { ...process.env, ...options.env, KT_WORKER_STORE: options.storeUrl },
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      detached: true,
    });
    if (this.pid !== undefined) options.guard.watch(this.pid);
    // A process that could not be made has no streams.
    const channel = (this.#child as Partial<ChildProcess>).stdio?.[CHANNEL_FD] as Socket | undefined;
    this.#channel = LineChannel.open(channel, text => this.#hear(text));
    this.#child.stderr
      ?.setEncoding('utf8')
      .on('data', (text: string) => (this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT)));
    // Not 'close': it never comes after a disconnect from this side.
    const exit = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>(resolve => {
      this.#child.once('exit', (code, signal) => {
        this.#endGroup();
        if (this.pid !== undefined) options.guard.forget(this.pid);
        resolve({ code, signal });
      });
      this.#child.on('error', error => {
        this.#stderr += error.message;
        if (this.pid === undefined) resolve({ code: null, signal: null });
      });
    });
    const said = new Promise<void>(resolve => this.#child.stderr?.once('close', resolve));
    this.exited = exit.then(async how => {
      const heard = new AbortController();
      await Promise.race([said, options.clock.sleep(STDERR_WAIT_MS, heard.signal).catch(() => undefined)]);
      heard.abort();
      return how;
    });
    this.#channel.onClose(() => this.#endSoon());
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Runs one pod. */
  async run(order: PodOrder, job: JobOrder, emit: (event: ItemEvent) => void): Promise<PodResult> {
    const watch = setInterval(() => this.#watchMemory(), MEMORY_CHECK_MS);
    try {
      const said = new Promise<PodResult>(resolve => {
        this.#onMessage = message => {
          if (message.type === 'events') for (const event of message.events) this.#track(event, job, emit);
          else if (message.type === 'returned') this.#endOf(message.item);
          else if (message.type === 'done') resolve(message);
          else if (message.type === 'stuck') this.#kill(STUCK);
          else if (message.type === 'newer') resolve({ type: 'broken', error: message.error });
          else if (message.type === 'broken')
            resolve({ type: 'broken', error: storeFailed(message.message) });
        };
      });
      this.send({ type: 'pod', order, concurrency: job.job.concurrency ?? 1 });
      return await Promise.race([
        said,
        this.exited.then((exit): PodResult => ({ type: 'crashed', crash: this.#crash(exit) })),
      ]);
    } finally {
      clearInterval(watch);
      for (const timer of this.#started.values()) timer.abort();
      this.#started.clear();
      this.#onMessage = undefined;
    }
  }

  send(message: ToWorker): void {
    this.#channel.send(TO_WORKER.text(message));
  }

  #hear(text: string): void {
    let message: FromWorker;
    try {
      message = FROM_WORKER.parse(text, 'worker');
    } catch (error) {
      if (isKtError(error) && error.code === 'NEWER_FORMAT') this.#onMessage?.({ type: 'newer', error });
      return;
    }
    this.#onMessage?.(message);
  }

  /** Ends the process: asked first, then by force. */
  async close(graceMs: number): Promise<void> {
    this.send({ type: 'stop' });
    this.#channel.close();
    await this.#endWithin(graceMs);
  }

  /** Without a channel a process has nothing more to do; one that has ended by itself keeps its exit code. */
  #endSoon(): void {
    void this.#endWithin(SILENT_MS);
  }

  async #endWithin(graceMs: number): Promise<void> {
    const done = new AbortController();
    const forced = this.#options.clock.sleep(graceMs, done.signal).then(
      () => this.#endGroup(),
      () => undefined,
    );
    await this.exited;
    done.abort();
    await forced;
  }

  #endGroup(): void {
    if (this.pid !== undefined) killGroup(this.pid);
  }

  #track(event: ItemEvent, job: JobOrder, emit: (event: ItemEvent) => void): void {
    if (event.type === 'JobWaiting') return;
    emit(event);
    this.#endOf(event.item);
    if (event.type !== 'ItemStarted') return;
    const timer = new AbortController();
    this.#started.set(event.item, timer);
    const timeoutMs = attemptTimeoutMs(job.job);
    if (timeoutMs === null) return;
    this.#options.clock.sleep(timeoutMs + TIMEOUT_GRACE_MS, timer.signal).then(
      () => {
        this.#kill({
          kind: 'DeadlineExceeded',
          message: `The attempt took longer than ${timeoutMs} ms and did not stop when told to.`,
          timeoutMs,
        });
      },
      () => undefined,
    );
  }

  /** An item is not running any more. */
  #endOf(item: number): void {
    this.#started.get(item)?.abort();
    this.#started.delete(item);
  }

  #watchMemory(): void {
    const limit = (parseQuantity(this.#options.memory) ?? Number.POSITIVE_INFINITY) * 1.1;
    const used = residentBytes(this.pid);
    if (used > limit) this.#kill(outOfMemory(this.#options.memory, `used ${Math.round(used / 2 ** 20)} MiB`));
  }

  #kill(cause: FailureCause): void {
    this.#killedFor ??= cause;
    this.#endGroup();
  }

  #crash({ code, signal }: { code: number | null; signal: NodeJS.Signals | null }): Crash {
    const items = [...this.#started.keys()];
    if (this.#killedFor !== undefined) return { cause: this.#killedFor, items };
    if (/heap out of memory|Allocation failed/i.test(this.#stderr))
      return { cause: outOfMemory(this.#options.memory, 'the heap is full'), items };
    const how = signal === null ? `with exit code ${code ?? '?'}` : `by ${signal}`;
    const words = lastWords(this.#stderr);
    const message = `The worker process was ended ${how}.${words === '' ? '' : ` It said: ${words}`}`;
    return { cause: { kind: 'Exited', message, exitCode: code, signal }, items };
  }
}

const STUCK: FailureCause = {
  kind: 'Exited',
  message:
    'The function is waiting for a promise that can no longer settle: nothing goes on in its process. Functions must return or throw.',
  exitCode: null,
  signal: null,
};

const storeFailed = (message: string): KtError => new KtError({ code: 'STORE_FAILED', path: '', message });

function outOfMemory(memory: string, seen: string): FailureCause {
  return {
    kind: 'OutOfMemory',
    memory,
    message: `The worker process went over its memory of ${memory} (${seen}). Give the step more "memory", or less work an item.`,
  };
}
