/*
 * One step of a run on a cluster: a job with its tally and its waves.
 *
 * Q1 A step is worked on by one `work` at a time; what happens meanwhile makes it work again.
 * Q2 Everything that is remembered here can be made anew from the store and the labelled Jobs.
 */
import type { FailureCause } from '@kube-transform/sdk';
import { JobTally } from '../../run-store/job-tally.js';
import type { FileStore, ItemEvent, JobOrder } from '../../ports/index.js';
import { raisedMemory } from './charge-attempts.js';
import type { Job } from '../api/objects.js';
import { isLive, type Wave, waveOf } from './waves.js';

/** A step. */
export class JobExecution {
  readonly order: JobOrder;
  readonly tally: JobTally;
  readonly waves = new Map<string, Wave>();
  /** Pods of which there is something new in the store; null: all are to be read. */
  news: Set<number> | null = null;
  /** No more pods are to be begun. */
  stopped = false;
  settled = false;
  /** The fact about it was its failure. */
  failed = false;
  /** Times that a pod ended before it began an item. */
  readonly falseStarts = new Map<number, number>();
  /** Times that a pod was taken away before it began an item. */
  readonly interrupted = new Map<number, number>();
  /** Memory of the pods of the next wave. */
  memory: string;
  /** Before this moment no further wave is begun. */
  nextWaveMs = 0;
  /** Until then the failures of a moment are gathered for one wave; null: there are none. */
  gatherUntilMs: number | null = null;
  /** Why the last Job was not made, where that may pass: it is tried again. */
  refusal: string | null = null;
  #again = false;
  #working: Promise<void> | undefined;

  constructor(store: FileStore, order: JobOrder, emit: (event: ItemEvent) => void) {
    this.order = order;
    this.memory = order.job.memory;
    this.tally = new JobTally(store, order, emit);
  }

  get name(): string {
    return this.order.job.name;
  }

  /** Something may have changed: works now, or again when it is done. */
  wake(work: () => Promise<void>): Promise<void> {
    this.#again = true;
    return (this.#working ??= this.#run(work).finally(() => (this.#working = undefined)));
  }

  async #run(work: () => Promise<void>): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await work();
    }
  }

  /** What is new of a Job of this step. */
  see(job: Job, gone = false): Wave {
    const { name, uid } = job.metadata;
    const known = this.waves.get(name);
    if (known === undefined || known.seen.metadata.uid !== uid) this.waves.set(name, waveOf(job));
    const wave = this.waves.get(name) ?? waveOf(job);
    wave.seen = job;
    wave.gone = gone;
    return wave;
  }

  get live(): Wave[] {
    return [...this.waves.values()].filter(isLive);
  }

  /** Reads what is new in the store. */
  async read(): Promise<void> {
    const { news } = this;
    this.news = new Set();
    if (news === null) await this.tally.refresh();
    else for (const pod of news) await this.tally.refreshPod(pod);
  }

  /** A pod with this much memory ran out of it: those that follow get more. */
  raiseMemory(had: string): void {
    this.memory = raisedMemory(this.order.job.memory, had);
  }

  /** Which waves there have been so far. */
  get lastWave(): number {
    return Math.max(0, ...[...this.waves.values()].map(({ number }) => number));
  }

  fail(cause: FailureCause): { type: 'JobFailed'; job: string; cause: FailureCause } {
    this.failed = true;
    return { type: 'JobFailed', job: this.name, cause };
  }
}
