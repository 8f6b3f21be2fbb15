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
import { AsyncQueue } from '../../streams/async-queue.js';
import { manifestReader } from '../../run-store/job-manifest.js';
import type {
  Assignment,
  AssignmentRequest,
  Hint,
  ItemEvent,
  JobOrder,
  WarmRequest,
} from '../../ports/index.js';
import { CAPABILITIES, type KubernetesExecutor, type KubernetesOptions } from './options.js';
import { isKubeError } from '../api/kube-error.js';
import { ANNOTATION } from '../manifests/names.js';
import type { Job, Pod } from '../api/objects.js';
import { PodFailures } from './pod-failures.js';
import { rejectedJob } from '../diagnosis/rejections.js';
import { Assignments } from './assignments.js';
import { JobExecution } from './job-execution.js';
import { JobReconciler } from './job-reconciler.js';
import { AdmissionQueue } from './admission-queue.js';
import { WarmPods } from '../warm/warm-pods.js';
import { WaveJobs } from './wave-jobs.js';
import { ContainerSteps } from '../containers/container-steps.js';
import { ContainerWatch } from './container-watch.js';
import { StartWatchdog } from './start-watchdog.js';
import { watchRun } from './watch-run.js';

/** Pods of a job, where neither it nor its items say how many. */
const MAX_PODS = 200;
const TICK_MS = 5000;
/** Jobs read anew at each tick. */
const POLLED = 100;

/** An executor whose workers are pods. */
export function kubernetesExecutor(options: KubernetesOptions): KubernetesExecutor {
  return new ClusterExecutor(options);
}

class ClusterExecutor implements KubernetesExecutor {
  readonly capabilities = CAPABILITIES;
  readonly #o: KubernetesOptions;
  readonly #facts = new AsyncQueue<Fact | ItemEvent>();
  readonly #executions = new Map<string, JobExecution>();
  readonly #closing = new AbortController();
  /** Jobs that were there before their step was submitted. */
  readonly #found = new Map<string, Job>();
  readonly #podFailures: PodFailures;
  readonly #waves: WaveJobs;
  readonly #watchdog: StartWatchdog;
  readonly #containers: ContainerWatch;
  readonly #reconciler: JobReconciler;
  readonly #admission: AdmissionQueue;
  readonly #manifests: ReturnType<typeof manifestReader>;
  readonly #assignments: Assignments;
  readonly #warm: WarmPods;
  readonly #tell = (event: ItemEvent): void => this.#facts.push(event);
  #draining = false;
  #polled = 0;
  #listed: Promise<void> | undefined;
  #background: Promise<void>[] = [];

  constructor(options: KubernetesOptions) {
    this.#o = options;
    this.#manifests = manifestReader(options.store);
    this.#assignments = new Assignments(options.store, this.#manifests);
    const steps = new ContainerSteps(options, this.#closing.signal);
    this.#podFailures = new PodFailures(options, steps);
    this.#waves = new WaveJobs(options, steps);
    this.#watchdog = new StartWatchdog(options);
    this.#containers = new ContainerWatch(options, steps, {
      manifests: this.#manifests,
      executionOf: job => this.#executions.get(job),
      recorded: hint => this.hint(hint),
      podFailed: pod => this.#podFailed(pod),
      broke: error => this.#facts.fail(error),
    });
    this.#warm = new WarmPods(options, {
      wake: ({ name }) => void this.#wake(this.#executionOf(name)),
      stepOf: job => this.#executions.get(job),
      told: (lease, isAgain) => this.#assignments.ofWarm(this.#executionOf(lease.step.name), lease, isAgain),
      room: () => this.#admission.free,
      hasFailed: () => [...this.#executions.values()].some(({ hasFailed }) => hasFailed),
      signal: this.#closing.signal,
    });
    const parts = { podFailures: this.#podFailures, waves: this.#waves, watchdog: this.#watchdog };
    this.#reconciler = new JobReconciler(this.#manifests, { ...parts, warm: this.#warm });
    this.#admission = new AdmissionQueue(options.frame.settings.maxPods, () => this.#warm.active);
  }

  itemsPerPod(_job: KTJob, items: number): number {
    return Math.ceil(items / MAX_PODS);
  }

  async submit(order: JobOrder): Promise<void> {
    await (this.#listed ??= this.#start());
    if (this.#executions.has(order.job.name)) return;
    const told = { work: (one: JobExecution) => this.#work(one), emit: this.#tell };
    const execution = new JobExecution(this.#o.store, order, told);
    this.#executions.set(execution.name, execution);
    if (this.#o.isFirst !== true) execution.setFound();
    for (const job of this.#found.values())
      if (job.metadata.annotations?.[ANNOTATION.job] === execution.name) {
        execution.see(job);
        execution.setFound();
      }
    if (order.job.container !== null) this.#containers.begin(this.#closing.signal);
    await this.#wake(execution);
  }

  observe(signal: AbortSignal): AsyncIterable<readonly (Fact | ItemEvent)[]> {
    return this.#facts.batches(signal);
  }

  hint({ job, pod, last, segment }: Hint): void {
    const execution = this.#executions.get(job);
    if (execution === undefined || execution.isSettled || pod >= execution.tally.pods) return;
    execution.reach.isHeard ||= execution.order.job.container === null;
    if (last !== undefined) {
      execution.tally.tell(pod, last);
      if (segment !== undefined) execution.tally.hand(pod, { last, segment });
    }
    execution.setChanged(pod);
    void this.#wake(execution);
  }

  async assign(request: AssignmentRequest): Promise<Assignment | null> {
    const execution = this.#executions.get(request.job);
    if (execution === undefined || this.#draining) return request.begins === undefined ? { pod: null } : null;
    if (request.done !== undefined && !execution.isStopped) this.hint({ job: request.job, ...request.done });
    execution.reach.isHeard = true;
    return this.#assignments.next(execution, request, this.#o.clock.elapsedMs());
  }

  warm(request: WarmRequest, signal: AbortSignal): Promise<Assignment | null> {
    if (this.#draining) return Promise.resolve(null);
    if (request.done !== undefined) this.hint(request.done);
    return this.#warm.ask(request, signal);
  }

  drain(): Promise<void> {
    this.#draining = true;
    return Promise.resolve();
  }

  async cancel(name: string): Promise<void> {
    const execution = this.#executions.get(name);
    if (execution === undefined || execution.isSettled) return;
    execution.stop();
    // A Job that is just being made is to be seen before all are deleted.
    await this.#wake(execution);
    await this.#reconciler.end(execution);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#background, this.#containers.ended()]);
    const all = [...this.#executions.values()];
    await this.#warm.close(!this.#draining && all.length > 0 && all.every(({ isStopped }) => isStopped));
    await Promise.all(all.map(execution => this.#waves.removeFinished(execution, true)));
  }

  /** Lists the Jobs that there are, and begins to watch what happens to them. */
  async #start(): Promise<void> {
    const { signal } = this.#closing;
    const { listed, ended } = watchRun(this.#o, signal, {
      jobsAre: jobs => this.#jobsAre(jobs),
      jobIs: (job, isGone) => this.#jobIs(job, isGone),
      podFailed: pod => this.#podFailed(pod),
      broke: error => this.#facts.fail(error),
    });
    this.#background = [ended, this.#tick()];
    await listed;
  }

  async #tick(): Promise<void> {
    const { signal } = this.#closing;
    const pause = (): Promise<boolean> =>
      this.#o.clock.sleep(TICK_MS, signal).then(
        () => true,
        () => false,
      );
    while (await pause()) {
      this.#roomChanged(this.#admission.recount(this.#o.clock.elapsedMs()));
      this.#warm.tick();
      // Some at a time, so that a store is asked about a hundred jobs, not about thousands.
      const warm = this.#warm.steps.map(({ name }) => this.#executionOf(name));
      const begun = [...this.#admission.admitted, ...warm];
      for (let i = 0; i < Math.min(begun.length, POLLED); i++) {
        const execution = begun[this.#polled++ % begun.length];
        execution?.poll();
        if (execution !== undefined) void this.#wake(execution);
      }
    }
  }

  #jobsAre(jobs: readonly Job[]): void {
    const names = new Set(jobs.map(job => job.metadata.name));
    this.#warm.jobsAre(names);
    for (const { waves } of this.#executions.values())
      for (const wave of waves) if (!names.has(wave.name) && !wave.isGone) this.#jobIs(wave.job, true);
    for (const job of jobs) this.#jobIs(job, false);
  }

  #jobIs(job: Job, isGone: boolean): void {
    if (this.#warm.jobIs(job, isGone)) return;
    this.#containers.jobIs(job, this.#closing.signal);
    const execution = this.#executions.get(job.metadata.annotations?.[ANNOTATION.job] ?? '');
    if (execution === undefined) {
      if (isGone) this.#found.delete(job.metadata.name);
      else this.#found.set(job.metadata.name, job);
      return;
    }
    const wave = execution.see(job, isGone);
    if (execution.isSettled) {
      if (execution.podsLeft === 0) this.#roomChanged(this.#admission.recount(this.#o.clock.elapsedMs()));
      this.#later(this.#waves.removeFinished(execution, false));
    } else {
      this.#later(this.#waves.reap(wave));
      void this.#wake(execution);
    }
  }

  #podFailed(pod: Pod): void {
    if (this.#warm.podFailed(pod) || !this.#podFailures.add(pod)) return;
    const execution = this.#executions.get(pod.metadata.annotations?.[ANNOTATION.job] ?? '');
    if (execution !== undefined && !execution.isSettled) void this.#wake(execution);
  }

  #later(work: Promise<void>): void {
    work.catch((error: unknown) => this.#o.onTrouble(error));
  }

  /** @throws TypeError for a job that was not submitted: a bug. */
  #executionOf(name: string): JobExecution {
    const execution = this.#executions.get(name);
    if (execution === undefined) throw new TypeError(`Bug: job "${name}" was never submitted`);
    return execution;
  }

  #wake(execution: JobExecution): Promise<void> {
    return execution.wake().catch((error: unknown) => this.#broken(execution, error));
  }

  /** A store that fails ends the observation; a cluster that refuses fails the job. */
  #broken(execution: JobExecution, error: unknown): void {
    if (this.#closing.signal.aborted) return;
    if (isKubeError(error) && [403, 404, 422].includes(error.status)) {
      const cause = rejectedJob(execution.name, error);
      this.#settle(execution, { type: 'JobFailed', job: execution.name, cause });
      this.#later(this.#reconciler.end(execution));
    } else this.#facts.fail(error);
  }

  async #work(execution: JobExecution): Promise<void> {
    if (execution.isSettled || this.#closing.signal.aborted) return;
    const fact = await this.#reconciler.reconcile(execution, {
      admission: this.#admission,
      draining: () => this.#draining,
      wakeLater: ms => this.#wakeLater(execution, ms),
      tell: this.#tell,
    });
    if (fact !== null) this.#settle(execution, fact);
  }

  #wakeLater(execution: JobExecution, ms: number): void {
    void this.#o.clock.sleep(ms, this.#closing.signal).then(
      () => this.#wake(execution),
      () => undefined,
    );
  }

  #settle(execution: JobExecution, fact: Fact): void {
    if (execution.isSettled) return;
    execution.settle(fact);
    this.#warm.forget(execution);
    this.#watchdog.over(execution, this.#tell);
    this.#facts.push(fact);
    this.#roomChanged(this.#admission.release(execution, this.#o.clock.elapsedMs()));
    this.#later(this.#waves.removeFinished(execution, false));
  }

  #roomChanged(next: readonly JobExecution[]): void {
    for (const execution of next) void this.#wake(execution);
    const { admitted, room } = this.#admission;
    this.#later(this.#waves.share({ all: admitted, room }));
  }
}
