/*
 * What is to be done for a job now: read its results, settle it, deal with its ended pods, make its next
 * wave.
 *
 * Whatever happened, the same is looked at in the same order; what was done already is not done again.
 */
import type { FailureCause } from '@kube-transform/sdk';
import type { Fact } from '../../core/events.js';
import { isMissingRight } from '../api/kube-error.js';
import { missingRight } from '../diagnosis/rejections.js';
import { settleJob } from '../../executors/settle-job.js';
import type { manifestReader } from '../../run-store/job-manifest.js';
import { stopsJob } from '../../worker/retry-policy.js';
import type { WarmPods } from '../warm/warm-pods.js';
import type { AdmissionQueue } from './admission-queue.js';
import type { JobExecution, Surroundings } from './job-execution.js';
import type { PodFailures } from './pod-failures.js';
import type { StartWatchdog } from './start-watchdog.js';
import type { WaveJobs } from './wave-jobs.js';

/** What a job is among, while it is reconciled. */
export interface Around extends Pick<Surroundings, 'wakeLater' | 'tell'> {
  admission: AdmissionQueue;
  /** No more pods are to be begun. */
  draining: () => boolean;
}

/** What does its part. */
interface Parts {
  podFailures: PodFailures;
  waves: WaveJobs;
  warm: WarmPods;
  watchdog: StartWatchdog;
}

/** Reconciles jobs with their Jobs and pods. */
export class JobReconciler {
  readonly #manifests: ReturnType<typeof manifestReader>;
  readonly #parts: Parts;

  constructor(manifests: ReturnType<typeof manifestReader>, parts: Parts) {
    this.#manifests = manifests;
    this.#parts = parts;
  }

  /** Does what is to be done now; the fact about the job where it is over. Rejects where the store fails. */
  async reconcile(execution: JobExecution, around: Around): Promise<Fact | null> {
    const { podFailures, waves, warm, watchdog } = this.#parts;
    await execution.read();
    const done = await this.#factIfDone(execution);
    if (done !== null || execution.isStopped || around.draining()) return done;
    const manifest = await this.#manifests(execution.order.runId, execution.name);
    if (manifest === null) return null;
    const surroundings = (): Surroundings => ({
      ...around,
      all: around.admission.admitted,
      room: around.admission.room,
    });
    try {
      const enough = await podFailures.handle(execution, manifest, around);
      if (enough !== null) return await this.#giveUp(execution, enough);
      const doneAfterAll = await this.#factIfDone(execution);
      if (doneAfterAll !== null) return doneAfterAll;
      if (warm.runs(execution)) await warm.offer(execution);
      else if (!around.admission.admit(execution)) return null;
      else await waves.cover(execution, manifest, surroundings());
    } catch (error) {
      // It is tried again with the next look, and told like any other reason to wait.
      if (!isMissingRight(error)) throw error;
      execution.refuse(missingRight(error));
    }
    const stuck = await watchdog.look(execution, surroundings());
    return stuck === null ? null : this.#giveUp(execution, stuck);
  }

  /**
   * The fact about a job whose items all have a result, or that stops at a failure; null where it goes on.
   */
  async #factIfDone(execution: JobExecution): Promise<Fact | null> {
    const { order, tally } = execution;
    const stopping = stopsJob(order.job, { failed: tally.failed, items: order.items });
    if (tally.open > 0 && !stopping) return null;
    if (stopping) await this.end(execution);
    await tally.close();
    return settleJob(order.job, order.items, tally.outcome());
  }

  /** Ends all pods that are at something of a job. */
  async end(execution: JobExecution): Promise<void> {
    await this.#parts.waves.remove(execution);
    await this.#parts.warm.stop(execution);
  }

  async #giveUp(execution: JobExecution, cause: FailureCause): Promise<Fact> {
    await this.end(execution);
    return { type: 'JobFailed', job: execution.name, cause };
  }
}
