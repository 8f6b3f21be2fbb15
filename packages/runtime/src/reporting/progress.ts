/** What is known of a run from its events: the live view, the plain lines and the report are made from it. */
import type { RunEvent } from '../ports/index.js';
import { type JobProgress, newJobProgress } from './run-summary.js';

/** The jobs of a run, kept up to date by its events. */
export class RunProgress {
  runId = '';
  pipeline = '';
  startedMs = 0;
  /** When it last heard something; 0: never. */
  nowMs = 0;
  lastError: string | null = null;
  readonly jobs = new Map<string, JobProgress>();
  /** When an item of a job ended last. */
  readonly endedMs = new Map<string, number>();

  /** Takes in an event. */
  take(event: RunEvent): void {
    this.nowMs = event.atMs;
    switch (event.type) {
      case 'RunStarted':
        this.runId = event.runId;
        this.pipeline = event.pipeline;
        this.startedMs = event.atMs;
        return;
      case 'RunFinished':
      case 'ItemStarted':
        return;
      case 'JobStatusChanged': {
        const job = this.#job(event.job);
        Object.assign(job, { status: event.to, cause: event.cause, items: event.items ?? job.items });
        if (event.to === 'Running') job.startedMs ??= event.atMs;
        if (event.cause !== undefined) this.lastError = `${event.job}: ${event.cause.message}`;
        return;
      }
      case 'JobExpanded': {
        const { items, done, failed, skipped = 0, unkept = 0, atMs: startedMs } = event;
        const ended = { done, failed, skipped, unkept };
        Object.assign(this.#job(event.job), { items, ...ended, before: done + failed, startedMs });
        return;
      }
      case 'JobCounted': {
        const { done, failed, retried, skipped, unkept = 0 } = event;
        const job = this.#job(event.job);
        if (done + failed > job.done + job.failed) this.endedMs.set(event.job, event.atMs);
        Object.assign(job, { done, failed, retried, skipped, unkept });
        return;
      }
      case 'JobWaiting':
        this.#job(event.job).waiting = event.message;
        return;
      case 'ItemSucceeded': {
        const job = this.#job(event.job);
        this.endedMs.set(event.job, event.atMs);
        job.done++;
        if (event.skipped) job.skipped++;
        if (event.unkept === true) job.unkept++;
        return;
      }
      case 'ItemRetrying':
        this.#job(event.job).retried++;
        this.lastError = `${event.job}[${event.item}], attempt ${event.attempt}: ${event.cause.message}`;
        return;
      case 'ItemFailed':
        this.endedMs.set(event.job, event.atMs);
        this.#job(event.job).failed++;
        this.lastError = `${event.job}[${event.item}]: ${event.cause.message}`;
    }
  }

  #job(name: string): JobProgress {
    let job = this.jobs.get(name);
    if (job === undefined) this.jobs.set(name, (job = newJobProgress(name)));
    return job;
  }
}

/** How long nothing may end before nobody can tell when the rest will. */
const STALLED_MS = 10_000;

/**
 * Items a second since the job began, and milliseconds to go: null while nothing ends. Null where the job
 * has not begun.
 *
 * @param endedMs when an item ended last. Default: now.
 */
export function rateOf(
  { startedMs, items, done, failed, skipped, before }: JobProgress,
  nowMs: number,
  endedMs = nowMs,
): { perSecond: number; etaMs: number | null } | null {
  if (startedMs === null || items === null || nowMs <= startedMs) return null;
  const ended = Math.max(0, done + failed - skipped - before);
  const perSecond = (ended * 1000) / (nowMs - startedMs);
  const isStalled = nowMs - endedMs > Math.max(STALLED_MS, (5 * (endedMs - startedMs)) / ended);
  const etaMs = ended === 0 || isStalled ? null : ((items - done - failed) / perSecond) * 1000;
  return { perSecond, etaMs };
}
