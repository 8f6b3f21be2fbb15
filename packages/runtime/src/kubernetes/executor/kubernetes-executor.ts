/*
 * Runs the pods of jobs as Indexed Jobs of a cluster.
 *
 * O1 The store is the truth about items: a job is settled by its results, whatever its Jobs say. Hints and
 *    watches only wake; a slow poll is the net beneath.
 * O2 Making a Job twice is safe: its name is its identity, and one that exists is taken over where it belongs
 *    to this run.
 * O3 What is known of Jobs comes from a list before the first is made; after a restart the same is decided
 *    again.
 * O4 A store that fails ends the observation, not the job: the run can be resumed when the store is well.
 */
import type { KTJob } from '@kube-transform/sdk';
import type { Fact } from '../../core/events.js';
import { AsyncQueue } from '../../executors/async-queue.js';
import { type JobManifest, manifestReader } from '../../run-store/job-manifest.js';
import type { Executor, Hint, ItemEvent, JobOrder } from '../../ports/index.js';
import { allowedFailures, settleJob } from '../../executors/settle-job.js';
import { paths } from '../api/paths.js';
import { watch } from '../api/watch.js';
import type { KubernetesOptions } from './options.js';
import { isKubeError } from '../api/kube-error.js';
import { ANNOTATION, selectRun } from '../manifests/names.js';
import type { Job, Pod } from '../api/objects.js';
import { PodFailures } from './pod-failures.js';
import { rejectedJob } from '../diagnosis/rejections.js';
import { JobExecution } from './job-execution.js';
import { AdmissionQueue } from './admission-queue.js';
import { isTerminalJob } from '../api/objects.js';
import { WaveJobs } from './wave-jobs.js';
import { StartWatchdog } from './start-watchdog.js';

/** Pods of a job, where neither it nor its items say how many. */
const MAX_PODS = 200;
const TICK_MS = 5000;
/** Steps read anew at each tick. */
const POLLED = 100;

/** An executor whose workers are pods; `hint` is told that a pod has something new in the store. */
export type KubernetesExecutor = Executor & { hint(hint: Hint): void };

export function kubernetesExecutor(options: KubernetesOptions): KubernetesExecutor {
  return new ClusterExecutor(options);
}

class ClusterExecutor implements KubernetesExecutor {
  readonly capabilities = {
    name: 'kubernetes',
    isolation: 'pod',
    hardTimeout: true,
    memoryLimit: true,
  } as const;
  readonly #o: KubernetesOptions;
  readonly #facts = new AsyncQueue<Fact | ItemEvent>();
  readonly #steps = new Map<string, JobExecution>();
  readonly #closing = new AbortController();
  /** Jobs that were there before their step was submitted. */
  readonly #found = new Map<string, Job>();
  readonly #manifests: (runId: string, job: string) => Promise<JobManifest | null>;
  readonly #recovery: PodFailures;
  readonly #waves: WaveJobs;
  readonly #watchdog: StartWatchdog;
  readonly #turns: AdmissionQueue;
  readonly #tell = (event: ItemEvent): void => this.#facts.push(event);
  #draining = false;
  #polled = 0;
  #listed: Promise<void> | undefined;
  #background: Promise<void>[] = [];

  constructor(options: KubernetesOptions) {
    this.#o = options;
    this.#manifests = manifestReader(options.store);
    this.#recovery = new PodFailures(options);
    this.#waves = new WaveJobs(options);
    this.#watchdog = new StartWatchdog(options);
    this.#turns = new AdmissionQueue(options.frame.settings.maxPods);
  }

  itemsPerPod(_job: KTJob, items: number): number {
    return Math.ceil(items / MAX_PODS);
  }

  async submit(order: JobOrder): Promise<void> {
    await (this.#listed ??= this.#start());
    if (this.#steps.has(order.job.name)) return;
    const step = new JobExecution(this.#o.store, order, event => this.#facts.push(event));
    this.#steps.set(step.name, step);
    for (const job of this.#found.values())
      if (job.metadata.annotations?.[ANNOTATION.job] === step.name) step.see(job);
    await this.#wake(step);
  }

  observe(signal: AbortSignal): AsyncIterable<readonly (Fact | ItemEvent)[]> {
    return this.#facts.observe(signal);
  }

  hint({ job, pod }: Hint): void {
    const step = this.#steps.get(job);
    if (step === undefined || step.settled) return;
    step.news?.add(pod);
    void this.#wake(step);
  }

  drain(): Promise<void> {
    this.#draining = true;
    return Promise.resolve();
  }

  async cancel(name: string): Promise<void> {
    const step = this.#steps.get(name);
    if (step === undefined || step.settled) return;
    step.stopped = true;
    // A Job that is just being made is to be seen before all are deleted.
    await this.#wake(step);
    await this.#waves.remove(step);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#background);
    await Promise.all([...this.#steps.values()].map(step => this.#tidy(step, true)));
  }

  /** Lists the Jobs that there are, and begins to follow what happens to them. */
  async #start(): Promise<void> {
    const { api, clock, frame, onTrouble } = this.#o;
    const namespace = frame.settings.namespace;
    const options = { clock, onTrouble, signal: this.#closing.signal };
    const labelSelector = selectRun(frame.runId, 'task');
    const failed = { path: paths.pods(namespace), labelSelector, fieldSelector: 'status.phase=Failed' };
    let listed = (): void => undefined;
    const first = new Promise<void>(resolve => (listed = resolve));
    const jobs = async (): Promise<void> => {
      for await (const news of watch<Job>(api, { path: paths.jobs(namespace), labelSelector }, options)) {
        if (news.type === 'list') this.#jobsAre(news.items);
        else this.#jobIs(news.object, news.type === 'gone');
        listed();
      }
    };
    const pods = async (): Promise<void> => {
      for await (const news of watch<Pod>(api, failed, options)) {
        if (news.type === 'list') for (const pod of news.items) this.#podFailed(pod);
        else if (news.type === 'put') this.#podFailed(news.object);
      }
    };
    const fail = (error: unknown): void => {
      this.#facts.fail(error);
      listed();
    };
    this.#background = [jobs().catch(fail), pods().catch(fail), this.#tick()];
    await first;
  }

  async #tick(): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      await this.#o.clock.sleep(TICK_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      // In turns, so that a store is asked about a hundred steps at a time, not about thousands.
      const begun = this.#turns.begun;
      for (let i = 0; i < Math.min(begun.length, POLLED); i++) {
        const step = begun[this.#polled++ % begun.length];
        if (step === undefined) continue;
        step.news = null;
        void this.#wake(step);
      }
    }
  }

  #jobsAre(jobs: readonly Job[]): void {
    const names = new Set(jobs.map(job => job.metadata.name));
    for (const step of this.#steps.values()) {
      for (const wave of step.waves.values())
        if (!names.has(wave.name) && !wave.gone) this.#jobIs(wave.seen, true);
    }
    for (const job of jobs) this.#jobIs(job, false);
  }

  #jobIs(job: Job, gone: boolean): void {
    const step = this.#steps.get(job.metadata.annotations?.[ANNOTATION.job] ?? '');
    if (step === undefined) {
      if (gone) this.#found.delete(job.metadata.name);
      else this.#found.set(job.metadata.name, job);
      return;
    }
    const wave = step.see(job, gone);
    if (step.settled) this.#later(this.#tidy(step, false));
    else {
      if ((job.status?.succeeded ?? 0) > wave.reaped + this.#o.frame.settings.reapAbove)
        this.#later(this.#waves.reap(wave));
      void this.#wake(step);
    }
  }

  #podFailed(pod: Pod): void {
    if (!this.#recovery.take(pod)) return;
    const step = this.#steps.get(pod.metadata.annotations?.[ANNOTATION.job] ?? '');
    if (step !== undefined && !step.settled) void this.#wake(step);
  }

  #later(work: Promise<void>): void {
    work.catch((error: unknown) => this.#o.onTrouble(error));
  }

  #wake(step: JobExecution): Promise<void> {
    return step.wake(() => this.#work(step)).catch((error: unknown) => this.#broken(step, error));
  }

  /** A store that fails ends the observation; a cluster that refuses fails the job. */
  #broken(step: JobExecution, error: unknown): void {
    if (this.#closing.signal.aborted) return;
    if (!isKubeError(error)) this.#facts.fail(error);
    else if (error.status === 403 || error.status === 422 || error.status === 404) {
      this.#settle(step, step.fail(rejectedJob(step.name, error)));
      this.#later(this.#waves.remove(step));
    } else this.#facts.fail(error);
  }

  /** Reads what is new, settles what is done, and begins what is to be begun. */
  async #work(step: JobExecution): Promise<void> {
    if (step.settled || this.#closing.signal.aborted) return;
    await step.read();
    if (await this.#settleIfDone(step)) return;
    const { order } = step;
    if (step.stopped || this.#draining) return;
    const manifest = await this.#manifests(order.runId, step.name);
    if (manifest === null) return;
    const hopeless = await this.#recovery.recover(step, manifest);
    if (hopeless !== null) {
      await this.#waves.remove(step);
      this.#settle(step, step.fail(hopeless));
      return;
    }
    if (await this.#settleIfDone(step)) return;
    if (!this.#turns.admit(step)) return;
    const among = {
      all: this.#turns.begun,
      wakeLater: (ms: number) => this.#wakeLater(step, ms),
      tell: this.#tell,
    };
    await this.#waves.cover(step, manifest, among);
    const stuck = await this.#watchdog.look(step, among);
    if (stuck !== null) {
      await this.#waves.remove(step);
      this.#settle(step, step.fail(stuck));
    }
  }

  async #settleIfDone(step: JobExecution): Promise<boolean> {
    const { order, tally } = step;
    const stopping = order.job.failFast && tally.failed > allowedFailures(order.job.maxFailed, order.items);
    if (tally.open > 0 && !stopping) return false;
    if (stopping) await this.#waves.remove(step);
    this.#settle(step, settleJob(order.job, order.items, tally.outcome()));
    return true;
  }

  #wakeLater(step: JobExecution, ms: number): void {
    void this.#o.clock.sleep(ms, this.#closing.signal).then(
      () => this.#wake(step),
      () => undefined,
    );
  }

  #settle(step: JobExecution, fact: Fact): void {
    if (step.settled) return;
    step.settled = true;
    if (fact.type === 'JobFailed') step.failed = true;
    this.#watchdog.over(step, this.#tell);
    this.#facts.push(fact);
    for (const next of this.#turns.release(step)) void this.#wake(next);
    this.#later(this.#waves.share(this.#turns.begun));
    this.#later(this.#tidy(step, false));
  }

  /** Deletes the Jobs of a step that succeeded, those that have ended; at the end of the run all of them. */
  async #tidy(step: JobExecution, all: boolean): Promise<void> {
    if (!step.settled || step.failed || this.#o.frame.settings.keepFinished) return;
    await this.#waves.remove(step, wave => all || isTerminalJob(wave.seen));
  }
}
