/*
 * Sees when pods of a step do not start, says why, and gives up after a while.
 *
 * - It asks only where pods are missing or not ready and nothing has happened for two seconds: a step that
 *   goes well costs no request.
 * - What looks ask for is shared by the steps of the run, and one more request is made for each pod that is
 *   deleted. A look that fails is made again later: it never holds up the step.
 * - WD1 A pod that its node has left behind is deleted, unless it has started after all: its Job makes
 *   another, which costs no attempt.
 */
import { type FailureCause, parseDurationMs } from '@kube-transform/sdk';
import type { ItemEvent } from '../../ports/index.js';
import { diagnose } from '../diagnosis/diagnose.js';
import { InquiryOfRun } from '../diagnosis/inquiry.js';
import type { KubernetesOptions } from './options.js';
import { isKubeError } from '../api/kube-error.js';
import { paths } from '../api/paths.js';
import { LABEL } from '../manifests/names.js';
import type { PendingReason } from '../diagnosis/rejections.js';
import type { JobExecution, Surroundings } from './job-execution.js';
import { StartTimeout } from '../diagnosis/start-timeout.js';

interface Watch {
  startTimeout: StartTimeout;
  told: string | null;
  /** When the step will be woken for a look. */
  wakenMs: number;
  /** Pods that seem to be left behind, and since when. */
  left: ReadonlyMap<string, number>;
}

/** How long a node may take between making a container and starting it. */
const LEFT_BEHIND_MS = 10_000;

/** Looks after steps whose pods do not start. */
export class StartWatchdog {
  readonly #o: Pick<KubernetesOptions, 'api' | 'clock' | 'frame' | 'onTrouble'>;
  readonly #watches = new WeakMap<JobExecution, Watch>();
  readonly #inquiry: InquiryOfRun;

  constructor(options: Pick<KubernetesOptions, 'api' | 'clock' | 'frame' | 'onTrouble'>) {
    this.#o = options;
    const { api, clock, frame } = options;
    this.#inquiry = new InquiryOfRun(api, { clock, runId: frame.runId });
  }

  /** Tells why pods wait; a cause where they have waited too long. */
  async look(execution: JobExecution, around: Surroundings): Promise<FailureCause | null> {
    const { clock } = this.#o;
    const watch = this.#watchOf(execution);
    const { startTimeout } = watch;
    if (startTimeout.note(evidenceOf(execution), clock.elapsedMs()) || !isQuiet(execution)) {
      this.#say(execution, null, around.tell);
      if (!isQuiet(execution)) {
        startTimeout.started(clock.elapsedMs());
        return null;
      }
    }
    const pauseMs = startTimeout.pauseMs(clock.elapsedMs());
    if (pauseMs > 0) {
      if (clock.elapsedMs() >= watch.wakenMs) {
        around.wakeLater(pauseMs);
        watch.wakenMs = clock.elapsedMs() + pauseMs;
      }
      return null;
    }
    const waiting = await this.#ask(execution);
    if (waiting === undefined) return null;
    await this.#replaceLeft(watch, waiting?.leftBehind);
    const busy = around.all.some(other => other !== execution && readyPods(other) > 0);
    const { message, expired, waitedMs } = startTimeout.observe(waiting, clock.elapsedMs(), busy);
    const isOver = expired !== null && !(await this.#hasMoved(execution, startTimeout));
    this.#say(execution, expired === null ? message : null, around.tell);
    return isOver ? causeFor(execution, expired, waitedMs) : null;
  }

  /** Nothing is waited for any longer. */
  over(execution: JobExecution, tell: (event: ItemEvent) => void): void {
    this.#say(execution, null, tell);
  }

  /** A last look into the store: has something been done after all? */
  async #hasMoved(execution: JobExecution, startTimeout: StartTimeout): Promise<boolean> {
    for (const pod of execution.tally.openPods()) await execution.tally.refreshPod(pod);
    return startTimeout.note(evidenceOf(execution), this.#o.clock.elapsedMs());
  }

  /** Deletes pods that are left behind for a while. */
  async #replaceLeft(watch: Watch, pods: readonly string[] = []): Promise<void> {
    const { api, clock, onTrouble } = this.#o;
    const nowMs = clock.elapsedMs();
    watch.left = new Map(pods.map(pod => [pod, watch.left.get(pod) ?? nowMs]));
    const labelSelector = `${LABEL.managedBy}=kt`;
    for (const [pod, sinceMs] of watch.left) {
      if (nowMs - sinceMs < LEFT_BEHIND_MS) continue;
      const which = { labelSelector, fieldSelector: `metadata.name=${pod},status.phase=Pending` };
      try {
        await api.deleteAll(paths.pods(api.namespace), which, { retryForMs: 0 });
      } catch (error) {
        if (!isKubeError(error)) throw error;
        onTrouble(error);
        return;
      }
    }
  }

  #watchOf(execution: JobExecution): Watch {
    let watch = this.#watches.get(execution);
    if (watch === undefined) {
      const { startTimeout } = { ...this.#o.frame.settings.defaults, ...execution.order.job.kubernetes };
      watch = {
        startTimeout: new StartTimeout(this.#o.clock.elapsedMs(), parseDurationMs(startTimeout ?? '')),
        told: null,
        wakenMs: 0,
        left: new Map(),
      };
      this.#watches.set(execution, watch);
    }
    return watch;
  }

  #say(execution: JobExecution, pending: string | null, tell: (event: ItemEvent) => void): void {
    const watch = this.#watches.get(execution);
    const message = pending ?? (execution.isSettled ? null : execution.storeTrouble);
    if (watch === undefined || watch.told === message) return;
    watch.told = message;
    tell({ type: 'JobWaiting', job: execution.name, message });
  }

  /** Why the step waits; null where it does not, undefined where nobody answers. */
  async #ask(execution: JobExecution): Promise<PendingReason | null | undefined> {
    if (execution.refusal !== null) return execution.refusal;
    try {
      for (const { job } of execution.jobs) {
        const waiting = await diagnose(this.#inquiry, job);
        if (waiting !== null) return waiting;
      }
      return null;
    } catch (error) {
      if (!isKubeError(error)) throw error;
      if (error.status !== 403) return undefined;
      this.#o.onTrouble(error);
      return {
        reason: 'NotToldWhy',
        message: 'of reasons that this controller may not read',
        remedy: error.message,
        waitLimit: 'long',
      };
    }
  }
}

const readyPods = (execution: JobExecution): number =>
  execution.jobs.reduce((sum, { ready }) => sum + ready, 0);

/** Nothing of the step is at work, and something should be. */
const isQuiet = (execution: JobExecution): boolean =>
  (execution.jobs.length > 0 || execution.refusal !== null) && readyPods(execution) === 0;

/** What has ended so far. */
function evidenceOf({ tally, waves, pool }: JobExecution): string {
  const all = pool === null ? waves : [...pool.jobs.values()];
  const jobs = all.map(({ name, job, succeeded }) => `${name}:${succeeded}:${job.status?.failed ?? 0}`);
  return `${tally.succeeded} ${tally.failed} ${jobs.join(' ')}`;
}

function causeFor(
  { name, memory, order }: JobExecution,
  { reason, message, remedy }: PendingReason,
  waitedMs: number,
): FailureCause {
  const raised =
    memory === order.job.memory
      ? ''
      : ` (Its memory was raised from ${order.job.memory} to ${memory} because it ran out of it.)`;
  const text = `No pod of step "${name}" started within ${spell(waitedMs)}, because ${message}. ${remedy}${raised}`;
  return { kind: 'NotStarted', reason, message: text };
}

/** `12 s`, `5 min`. */
const spell = (ms: number): string =>
  ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`;
