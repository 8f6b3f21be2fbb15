/*
 * Runs pods in worker processes: the same bundle and the same worker entry that pods in a cluster run.
 *
 * - At most `workers` processes; a process serves pods of one class (memory and env) and is replaced for
 *   another.
 * E2 A process that ends by itself costs an attempt of the items it had begun, and nothing else: its pod goes
 *    back to the queue's front.
 * E3 A store that fails in a worker ends the observation, not the job: the run can be resumed when the store
 *    is well.
 * - A pod whose process ends three times before it begins an item fails its job: the bundle itself is broken.
 */
import { availableParallelism } from 'node:os';
import { type FailureCause, type KTJob } from '@kube-transform/sdk';
import type { Fact } from '../core/events.js';
import { AsyncQueue } from '../streams/async-queue.js';
import type { Clock, ItemEvent, JobOrder } from '../ports/index.js';
import type { PodOutcome } from '../run-store/item-results.js';
import { judgePod, NO_HISTORY, type PodHistory, stopsJob } from '../worker/retry-policy.js';
import type { PodOrder } from '../worker/run-pod.js';
import type { Crashed, Served } from './serve-executor.js';
import { addOutcome, settleJob } from './settle-job.js';
import { type Slot, WorkerSlots } from './worker-slots.js';

const PODS_PER_WORKER = 16;
const MAX_ITEMS_PER_POD = 200;
const STOP_GRACE_MS = 5000;
const UNDONE: PodOutcome = { succeeded: 0, failed: 0, open: 1, firstFailure: null, result: null };

/** What the process pool needs. */
export interface ProcessPoolOptions {
  /** Path of the bundle's worker entry. */
  entry: string;
  /** URL with which a worker opens the store. */
  storeUrl: string;
  clock: Clock;
  /** Worker processes. Default: one per core. */
  workers?: number;
}

interface Job {
  order: JobOrder;
  /** Pods not ended. */
  left: number;
  running: number;
  failedItems: number;
  stopped: boolean;
  sum: PodOutcome | undefined;
  done: Promise<void>;
  resolve: () => void;
}
interface Task {
  job: Job;
  pod: PodOrder;
  history: PodHistory;
}

/** An executor with one operating-system process per core. */
export function processPoolExecutor(options: ProcessPoolOptions): Served {
  return new ProcessPool(options);
}

class ProcessPool implements Served {
  readonly capabilities = {
    name: 'processes',
    isolation: 'process',
    hardTimeout: true,
    memoryLimit: true,
  } as const;
  readonly #options: ProcessPoolOptions;
  readonly #size: number;
  readonly #facts = new AsyncQueue<Fact | ItemEvent>();
  readonly #jobs = new Map<string, Job>();
  readonly #slots: WorkerSlots<Task>;
  #queue: Task[] = [];
  #draining = false;

  constructor(options: ProcessPoolOptions) {
    this.#options = options;
    this.#size = options.workers ?? availableParallelism();
    this.#slots = new WorkerSlots(options, this.#size);
  }

  itemsPerPod(_job: KTJob, items: number): number {
    return Math.min(MAX_ITEMS_PER_POD, Math.max(1, Math.floor(items / (this.#size * PODS_PER_WORKER))));
  }

  submit(order: JobOrder, crashed: Crashed = []): Promise<void> {
    if (this.#jobs.has(order.job.name)) return Promise.resolve();
    const pods = Math.ceil(order.items / order.itemsPerPod);
    let resolve = (): void => undefined;
    const done = new Promise<void>(settled => (resolve = settled));
    const job: Job = {
      order,
      left: pods,
      running: 0,
      failedItems: 0,
      stopped: false,
      sum: undefined,
      done,
      resolve,
    };
    this.#jobs.set(order.job.name, job);
    for (let pod = 0; pod < pods; pod++) {
      this.#queue.push({
        job,
        history: NO_HISTORY,
        pod: {
          runId: order.runId,
          job: order.job.name,
          pod,
          crashed: crashed.filter(({ item }) => Math.floor(item / order.itemsPerPod) === pod),
        },
      });
    }
    this.#pump();
    return Promise.resolve();
  }

  observe(signal: AbortSignal): AsyncIterable<readonly (Fact | ItemEvent)[]> {
    return this.#facts.batches(signal);
  }

  async drain(): Promise<void> {
    this.#draining = true;
    this.#drop(() => true);
    for (const slot of this.#slots) slot.worker.send({ type: 'drain' });
    await Promise.all([...this.#jobs.values()].map(({ done }) => done));
  }

  async cancel(name: string): Promise<void> {
    const job = this.#jobs.get(name);
    if (job === undefined || job.left === 0) return;
    this.#stop(job);
    const grace = new AbortController();
    void this.#options.clock.sleep(STOP_GRACE_MS, grace.signal).then(
      () => Promise.all(this.#slotsOf(job).map(slot => slot.worker.close(0))),
      () => undefined,
    );
    await job.done;
    grace.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#draining = true;
    this.#queue = [];
    await this.#slots.closeAll();
  }

  #pump(): void {
    while (!this.#draining) {
      const index = this.#queue.findIndex(
        ({ job }) => job.running < (job.order.job.parallelism ?? Number.POSITIVE_INFINITY),
      );
      const task = this.#queue[index];
      if (task === undefined) return;
      const slot = this.#slots.take(task.job.order.job);
      if (slot === undefined) return;
      this.#queue.splice(index, 1);
      void this.#run(slot, task);
    }
  }

  async #run(slot: Slot<Task>, task: Task): Promise<void> {
    const { job } = task;
    slot.task = task;
    job.running++;
    let began = false;
    const end = await slot.worker.run(task.pod, job.order, event => {
      began = true;
      this.#tell(job, event);
    });
    slot.task = undefined;
    job.running--;
    if (end.type === 'done') this.#podDone(job, end.outcome);
    else if (end.type === 'broken') {
      this.#facts.fail(end.error);
      this.#podDone(job, UNDONE);
    } else {
      this.#slots.forget(slot);
      this.#podCrashed(task, began, end.crash);
    }
    this.#pump();
  }

  #podCrashed(task: Task, began: boolean, { cause, items }: { cause: FailureCause; items: number[] }): void {
    const { job } = task;
    if (job.stopped || this.#draining) {
      this.#podDone(job, UNDONE);
      return;
    }
    const { history, tooMany } = judgePod('crashed', began, task.history);
    if (tooMany !== null) {
      this.#jobBroken(job, {
        kind: 'NotStarted',
        reason: 'worker',
        message: `The worker process ended ${history.falseStarts} times before it began an item. ${cause.message}`,
      });
      return;
    }
    const crashed = items.map(item => ({ item, cause }));
    this.#queue.unshift({
      job,
      history: began ? NO_HISTORY : history,
      pod: { ...task.pod, crashed: [...task.pod.crashed, ...crashed] },
    });
  }

  #podDone(job: Job, outcome: PodOutcome): void {
    job.sum = addOutcome(job.sum, outcome);
    const { items } = job.order;
    const isEnough = stopsJob(job.order.job, { failed: job.sum.failed, items });
    if (--job.left > 0) {
      // A pod may know of failures of an earlier process, which nobody has told.
      if (isEnough && !job.stopped) this.#stop(job);
      return;
    }
    const complete = job.sum.open === 0 || isEnough;
    if (complete && !this.#jobEnded(job)) void this.#settle(job, job.sum);
    else job.resolve();
  }

  async #settle({ order, resolve }: Job, sum: PodOutcome): Promise<void> {
    try {
      this.#facts.push(await settleJob(order.job, order.items, sum));
    } catch (error) {
      this.#facts.fail(error);
    }
    resolve();
  }

  #jobBroken(job: Job, cause: FailureCause): void {
    this.#facts.push({ type: 'JobFailed', job: job.order.job.name, cause });
    job.failedItems = Number.POSITIVE_INFINITY;
    this.#stop(job);
    this.#podDone(job, UNDONE);
  }

  #jobEnded(job: Job): boolean {
    return job.failedItems === Number.POSITIVE_INFINITY;
  }

  #tell(job: Job, event: ItemEvent): void {
    this.#facts.push(event);
    if (event.type !== 'ItemFailed') return;
    job.failedItems++;
    const { items } = job.order;
    if (!job.stopped && stopsJob(job.order.job, { failed: job.failedItems, items })) this.#stop(job);
  }

  /** Drops a job's queued pods and tells its running ones to stop. */
  #stop(job: Job): void {
    job.stopped = true;
    for (const slot of this.#slotsOf(job)) slot.worker.send({ type: 'stop' });
    this.#drop(task => task.job === job);
  }

  /** Takes pods off the queue, their items left open. */
  #drop(which: (task: Task) => boolean): void {
    const dropped = this.#queue.filter(which);
    this.#queue = this.#queue.filter(task => !which(task));
    for (const { job } of dropped) this.#podDone(job, UNDONE);
  }

  #slotsOf(job: Job): Slot<Task>[] {
    return [...this.#slots].filter(slot => slot.task?.job === job);
  }
}
