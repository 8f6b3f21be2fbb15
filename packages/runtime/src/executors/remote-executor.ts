/*
 * Has its work done by an executor in another process, which may end at any moment and is then begun again by
 * somebody else.
 *
 * RE1 What the process had begun and not ended when it ended costs an attempt, as in a pod; what it had not
 *     begun is given to the next one as it was.
 * RE2 A process that ends three times before it says anything, or does not come up in time, fails its jobs:
 *     it never will.
 */
import type { Socket } from 'node:net';
import { type FailureCause, type KTJob, KtError } from '@kube-transform/sdk';
import type { Fact } from '../core/events.js';
import type { Clock, Executor, ItemEvent, JobOrder } from '../ports/index.js';
import { LineChannel } from '../process/line-channel.js';
import { AsyncQueue } from '../streams/async-queue.js';
import { FROM_EXECUTOR, type FromExecutor, TO_EXECUTOR, type ToExecutor } from './remote-protocol.js';
import type { Crashed } from './serve-executor.js';

const CONNECT_AGAIN_MS = 100;
const TOLD_AFTER_MS = 5000;
const UP_WITHIN_MS = 600_000;
const DRAIN_WITHIN_MS = 15_000;
const FALSE_STARTS = 3;
const MAX_ITEMS_PER_POD = 200;
const PODS = 32;

/** What it needs. */
export interface RemoteOptions {
  /** A socket that is being connected to the process. */
  connect: () => Socket;
  clock: Clock;
}

interface Submitted {
  readonly order: JobOrder;
  /** Items that are under way. */
  readonly begun: Set<number>;
  /** Attempts that ended with an earlier process, which the next one is to put on record. */
  crashed: Crashed;
  /** It was said that it waits. */
  isTold: boolean;
}

/** An executor for what another process does. */
export class RemoteExecutor implements Executor {
  readonly capabilities = {
    name: 'controller',
    isolation: 'process',
    hardTimeout: true,
    memoryLimit: true,
  } as const;
  readonly #o: RemoteOptions;
  readonly #facts = new AsyncQueue<Fact | ItemEvent>();
  /** Jobs that are not settled. */
  readonly #jobs = new Map<string, Submitted>();
  readonly #closing = new AbortController();
  readonly #asked = new Map<number, () => void>();
  #nextId = 0;
  #channel: LineChannel | undefined;
  #isUp = false;
  #going: Promise<void> | undefined;

  constructor(options: RemoteOptions) {
    this.#o = options;
  }

  itemsPerPod(_job: KTJob, items: number): number {
    return Math.min(MAX_ITEMS_PER_POD, Math.max(1, Math.floor(items / PODS)));
  }

  submit(order: JobOrder): Promise<void> {
    const { name } = order.job;
    if (this.#jobs.has(name)) return Promise.resolve();
    // The items are in the store.
    const job = { ...order.job, items: null, tasks: [] };
    const submitted = { order: { ...order, job }, begun: new Set<number>(), crashed: [], isTold: false };
    this.#jobs.set(name, submitted);
    this.#tellOf(submitted);
    this.#going ??= this.#go();
    return Promise.resolve();
  }

  observe(signal: AbortSignal): AsyncIterable<readonly (Fact | ItemEvent)[]> {
    return this.#facts.batches(signal);
  }

  /** Does not wait for what takes longer than a process that is told to end has: the next one repeats it. */
  async drain(): Promise<void> {
    const done = new AbortController();
    const late = this.#o.clock.sleep(DRAIN_WITHIN_MS, done.signal).catch(() => undefined);
    await Promise.race([this.#ask(id => ({ type: 'drain', id })), late]);
    done.abort();
  }

  async cancel(job: string): Promise<void> {
    if (!this.#jobs.delete(job)) return;
    await this.#ask(id => ({ type: 'cancel', id, job }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#channel?.close();
    await this.#going;
  }

  /** Sends what is answered by `ended`; where nobody is there, nothing runs. */
  #ask(message: (id: number) => ToExecutor): Promise<void> {
    if (!this.#isUp) return Promise.resolve();
    const id = this.#nextId++;
    this.#channel?.send(TO_EXECUTOR.text(message(id)));
    return new Promise(resolve => this.#asked.set(id, resolve));
  }

  #tellOf({ order, crashed }: Submitted): void {
    if (this.#isUp) this.#channel?.send(TO_EXECUTOR.text({ type: 'submit', order, crashed }));
  }

  /** Keeps the process at work for as long as this executor is there. */
  async #go(): Promise<void> {
    const { clock } = this.#o;
    let falseStarts = 0;
    let sinceMs = clock.elapsedMs();
    while (!this.#closing.signal.aborted) {
      const said = await this.#serve();
      const hadJobs = this.#jobs.size > 0;
      if (said > 0) {
        this.#lost();
        falseStarts = hadJobs && said === 1 ? falseStarts + 1 : 0;
      }
      if (said > 0 || !hadJobs) sinceMs = clock.elapsedMs();
      const waitedMs = clock.elapsedMs() - sinceMs;
      if (falseStarts >= FALSE_STARTS) this.#giveUp(`ended ${falseStarts} times before it began anything`);
      else if (waitedMs > UP_WITHIN_MS) this.#giveUp(`did not come up in ${UP_WITHIN_MS / 1000} s`);
      else if (waitedMs > TOLD_AFTER_MS) this.#tellThatItWaits();
      await clock.sleep(CONNECT_AGAIN_MS, this.#closing.signal).catch(() => undefined);
    }
  }

  /** Connects, and hears until the other end is gone; how often it has said something. */
  #serve(): Promise<number> {
    let said = 0;
    return new Promise(resolve => {
      const channel = LineChannel.open(this.#o.connect(), text => {
        if (said++ === 0) this.#up();
        this.#hear(text);
      });
      this.#channel = channel;
      channel.onClose(() => resolve(said));
      channel.send(TO_EXECUTOR.text({ type: 'hello' }));
    });
  }

  #up(): void {
    this.#isUp = true;
    for (const job of this.#jobs.values()) {
      this.#tellOf(job);
      if (job.isTold) this.#facts.push({ type: 'JobWaiting', job: job.order.job.name, message: null });
      job.isTold = false;
    }
  }

  #tellThatItWaits(): void {
    for (const job of this.#jobs.values()) {
      if (job.isTold) continue;
      job.isTold = true;
      const message = 'the container beside the controller, in which it runs, is not up';
      this.#facts.push({ type: 'JobWaiting', job: job.order.job.name, message });
    }
  }

  #hear(text: string): void {
    let message: FromExecutor;
    try {
      message = FROM_EXECUTOR.parse(text, 'the process beside the controller');
    } catch (error) {
      this.#facts.fail(error);
      return;
    }
    if (message.type === 'events') for (const event of message.events) this.#track(event);
    else if (message.type === 'facts') for (const fact of message.facts) this.#settle(fact);
    else if (message.type === 'failed')
      this.#facts.fail(new KtError({ code: 'STORE_FAILED', path: '', message: message.message }));
    else if (message.type === 'ended') {
      this.#asked.get(message.id)?.();
      this.#asked.delete(message.id);
    }
  }

  #track(event: ItemEvent): void {
    this.#facts.push(event);
    if (event.type === 'ItemStarted') this.#jobs.get(event.job)?.begun.add(event.item);
    else if (event.type !== 'JobWaiting') this.#jobs.get(event.job)?.begun.delete(event.item);
  }

  #settle(fact: Fact): void {
    if ((fact.type !== 'JobSucceeded' && fact.type !== 'JobFailed') || !this.#jobs.delete(fact.job)) return;
    this.#facts.push(fact);
  }

  /** The process has ended. */
  #lost(): void {
    this.#isUp = false;
    for (const resolve of this.#asked.values()) resolve();
    this.#asked.clear();
    for (const job of this.#jobs.values()) {
      job.crashed = [...job.begun].map(item => ({ item, cause: ENDED }));
      job.begun.clear();
    }
  }

  #giveUp(how: string): void {
    const message = `The container beside the controller, in which steps with "placement": "controller" run, ${how}.`;
    for (const job of [...this.#jobs.keys()])
      this.#settle({ type: 'JobFailed', job, cause: { kind: 'NotStarted', reason: 'controller', message } });
  }
}

const ENDED: FailureCause = {
  kind: 'Exited',
  message:
    'The container beside the controller was ended while the item ran in it: perhaps it took more memory than it has.',
  exitCode: null,
  signal: null,
};
