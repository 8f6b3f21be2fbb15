/** What happened between two summaries of a run, as events: how a run that is only looked at is followed. */
import type { RunEvent } from '../ports/index.js';
import { isOver, jobCount, type JobProgress, type RunSummary } from './run-summary.js';

type Bare<T> = T extends unknown ? Omit<T, 'atMs' | 'runId'> : never;

const COUNTED = ['done', 'failed', 'retried', 'skipped', 'unkept'] as const;

/** The events that lead from one summary to the next; `before` is null for whoever begins to look. */
export function eventsBetween(before: RunSummary | null, after: RunSummary): RunEvent[] {
  const { runId, pipeline, status, startedMs } = after;
  const updatedMs = after.updatedMs ?? startedMs;
  const known = new Map(before?.jobs.map(job => [job.name, job]));
  const changes = after.jobs.flatMap(job => changesOf(known.get(job.name), job));
  const events: RunEvent[] = changes.map(event => ({ ...event, atMs: updatedMs, runId }));
  if (before === null) {
    const jobs = jobCount(after);
    events.unshift({ type: 'RunStarted', pipeline, jobs, resumed: false, atMs: startedMs, runId });
  }
  if (isOver(after))
    events.push({
      type: 'RunFinished',
      status,
      durationMs: updatedMs - startedMs,
      atMs: updatedMs,
      runId,
    });
  return events;
}

function changesOf(before: JobProgress | undefined, after: JobProgress): Bare<RunEvent>[] {
  const { name: job, status, items, done, failed, retried, skipped, unkept, waiting, cause } = after;
  const events: Bare<RunEvent>[] = [];
  if (items !== null && (before?.items ?? null) === null)
    events.push({ type: 'JobExpanded', job, items, done: after.before, failed: 0 });
  if (COUNTED.some(key => after[key] !== (before?.[key] ?? 0)))
    events.push({ type: 'JobCounted', job, done, failed, retried, skipped, unkept });
  if (waiting !== (before?.waiting ?? null)) events.push({ type: 'JobWaiting', job, message: waiting });
  if (status !== before?.status) {
    // A job that is first seen under way has changed before anyone looked.
    const from = before?.status ?? (status === 'Pending' ? null : 'Pending');
    const why = cause === undefined ? {} : { cause };
    events.push({ type: 'JobStatusChanged', job, from, to: status, items, ...why });
  }
  return events;
}
