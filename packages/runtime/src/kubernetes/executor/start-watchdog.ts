/*
 * Sees when pods of a step do not start, says why, and gives up after a while.
 *
 * WD1 It asks only where pods are missing or not ready and nothing has happened for two seconds: a step that
 *     goes well costs no request.
 * WD2 A look costs at most four requests, however many pods wait. One that fails is made again later: it
 *     never holds up the step.
 */
import { type FailureCause, parseDurationMs } from '@kube-transform/sdk';
import type { ItemEvent } from '../../ports/index.js';
import { diagnose } from '../diagnosis/diagnose.js';
import type { KubernetesOptions } from './options.js';
import { isKubeError } from '../api/kube-error.js';
import { rejectionOf, type PendingReason } from '../diagnosis/rejections.js';
import type { JobExecution } from './job-execution.js';
import { StartTimeout } from '../diagnosis/start-timeout.js';

/** What a step is among. */
export interface Sight {
  all: readonly JobExecution[];
  tell: (event: ItemEvent) => void;
  wakeLater: (ms: number) => void;
}

interface Watch {
  vigil: StartTimeout;
  told: string | null;
  /** When the step will be woken for a look. */
  wakenMs: number;
}

/** Looks after steps whose pods do not start. */
export class StartWatchdog {
  readonly #o: Pick<KubernetesOptions, 'api' | 'clock' | 'frame' | 'onTrouble'>;
  readonly #watches = new WeakMap<JobExecution, Watch>();

  constructor(options: Pick<KubernetesOptions, 'api' | 'clock' | 'frame' | 'onTrouble'>) {
    this.#o = options;
  }

  /** Tells why pods wait; a cause where they have waited too long. */
  async look(step: JobExecution, sight: Sight): Promise<FailureCause | null> {
    const { clock } = this.#o;
    const watch = this.#watchOf(step);
    const { vigil } = watch;
    if (vigil.note(evidenceOf(step), clock.nowMs()) || !isQuiet(step)) {
      this.#say(step, null, sight.tell);
      if (!isQuiet(step)) {
        vigil.started(clock.nowMs());
        return null;
      }
    }
    const pauseMs = vigil.pauseMs(clock.nowMs());
    if (pauseMs > 0) {
      if (clock.nowMs() >= watch.wakenMs) {
        sight.wakeLater(pauseMs);
        watch.wakenMs = clock.nowMs() + pauseMs;
      }
      return null;
    }
    const waiting = await this.#ask(step);
    if (waiting === undefined) return null;
    const busy = sight.all.some(other => other !== step && readyPods(other) > 0);
    const { message, expired: hopeless, waitedMs } = vigil.observe(waiting, clock.nowMs(), busy);
    const isOver = hopeless !== null && !(await this.#hasMoved(step, vigil));
    this.#say(step, hopeless === null ? message : null, sight.tell);
    return isOver ? causeFor(step, hopeless, waitedMs) : null;
  }

  /** Nothing is waited for any longer. */
  over(step: JobExecution, tell: (event: ItemEvent) => void): void {
    this.#say(step, null, tell);
  }

  /** A last look into the store: has something been done after all? */
  async #hasMoved(step: JobExecution, vigil: StartTimeout): Promise<boolean> {
    await step.tally.refresh();
    return vigil.note(evidenceOf(step), this.#o.clock.nowMs());
  }

  #watchOf(step: JobExecution): Watch {
    let watch = this.#watches.get(step);
    if (watch === undefined) {
      const { startTimeout } = { ...this.#o.frame.settings.defaults, ...step.order.job.kubernetes };
      watch = {
        vigil: new StartTimeout(this.#o.clock.nowMs(), parseDurationMs(startTimeout ?? '')),
        told: null,
        wakenMs: 0,
      };
      this.#watches.set(step, watch);
    }
    return watch;
  }

  #say(step: JobExecution, message: string | null, tell: (event: ItemEvent) => void): void {
    const watch = this.#watches.get(step);
    if (watch === undefined || watch.told === message) return;
    watch.told = message;
    tell({ type: 'JobWaiting', job: step.name, message });
  }

  /** Why the step waits; null where it does not, undefined where nobody answers. */
  async #ask(step: JobExecution): Promise<PendingReason | null | undefined> {
    if (step.refusal !== null) return rejectionOf(step.refusal);
    try {
      for (const { seen } of step.live) {
        const waiting = await diagnose(this.#o.api, seen);
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

const readyPods = (step: JobExecution): number =>
  step.live.reduce((sum, { seen }) => sum + (seen.status?.ready ?? 0), 0);

/** Nothing of the step is at work, and something should be. */
const isQuiet = (step: JobExecution): boolean =>
  (step.live.length > 0 || step.refusal !== null) && readyPods(step) === 0;

/** What has ended so far. */
function evidenceOf({ tally, waves }: JobExecution): string {
  const jobs = [...waves.values()].map(
    ({ name, seen }) => `${name}:${seen.status?.succeeded ?? 0}:${seen.status?.failed ?? 0}`,
  );
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
