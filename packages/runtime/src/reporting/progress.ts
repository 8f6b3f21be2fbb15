/** What is known of a run's progress from its events: the model behind the live view and the plain lines. */
import type { FailureCause, JobStatus } from '@kube-transform/sdk';
import type { RunEvent } from '../ports/index.js';

/** Progress of one job. */
export interface JobProgress {
  name: string;
  status: JobStatus;
  /** Null while it is not known. */
  items: number | null;
  done: number;
  failed: number;
  retried: number;
  skipped: number;
  /** Items that an earlier process had ended. */
  before: number;
  startedMs: number | null;
  cause: FailureCause | undefined;
  /** Why no pod has started. */
  waiting: string | null;
}

/** Progress of a run. */
export interface Progress {
  runId: string;
  pipeline: string;
  startedMs: number;
  nowMs: number;
  jobs: Map<string, JobProgress>;
  lastError: string | undefined;
}

export function newProgress(): Progress {
  return { runId: '', pipeline: '', startedMs: 0, nowMs: 0, jobs: new Map(), lastError: undefined };
}

/** Takes in an event. */
export function take(progress: Progress, event: RunEvent): void {
  progress.nowMs = event.atMs;
  switch (event.type) {
    case 'RunStarted':
      Object.assign(progress, { runId: event.runId, pipeline: event.pipeline, startedMs: event.atMs });
      return;
    case 'RunFinished':
      return;
    case 'JobStatusChanged': {
      const job = jobOf(progress, event.job);
      Object.assign(job, { status: event.to, cause: event.cause, items: event.items ?? job.items });
      if (event.to === 'Running') job.startedMs ??= event.atMs;
      if (event.cause !== undefined) progress.lastError = `${event.job}: ${event.cause.message}`;
      return;
    }
    case 'JobExpanded':
      Object.assign(jobOf(progress, event.job), {
        items: event.items,
        done: event.done,
        failed: event.failed,
        before: event.done + event.failed,
        startedMs: event.atMs,
      });
      return;
    case 'JobCounted': {
      const { done, failed, retried, skipped } = event;
      Object.assign(jobOf(progress, event.job), { done, failed, retried, skipped });
      return;
    }
    case 'JobWaiting':
      jobOf(progress, event.job).waiting = event.message;
      return;
    case 'ItemStarted':
      return;
    case 'ItemSucceeded':
      jobOf(progress, event.job).done++;
      if (event.skipped) jobOf(progress, event.job).skipped++;
      return;
    case 'ItemRetrying':
      jobOf(progress, event.job).retried++;
      progress.lastError = `${event.job}[${event.item}], attempt ${event.attempt}: ${event.cause.message}`;
      return;
    case 'ItemFailed':
      jobOf(progress, event.job).failed++;
      progress.lastError = `${event.job}[${event.item}]: ${event.cause.message}`;
  }
}

function jobOf(progress: Progress, name: string): JobProgress {
  let job = progress.jobs.get(name);
  if (job === undefined) {
    job = {
      name,
      status: 'Pending',
      items: null,
      done: 0,
      failed: 0,
      retried: 0,
      skipped: 0,
      before: 0,
      startedMs: null,
      cause: undefined,
      waiting: null,
    };
    progress.jobs.set(name, job);
  }
  return job;
}

/** Items a second since the job began, and milliseconds to go; null while neither can be told. */
export function rateOf(job: JobProgress, nowMs: number): { perSecond: number; etaMs: number } | null {
  const ended = job.done + job.failed - job.skipped - job.before;
  if (job.startedMs === null || job.items === null || ended < 1 || nowMs <= job.startedMs) return null;
  const perSecond = (ended * 1000) / (nowMs - job.startedMs);
  return { perSecond, etaMs: ((job.items - job.done - job.failed) / perSecond) * 1000 };
}
