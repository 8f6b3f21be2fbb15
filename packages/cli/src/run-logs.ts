/** What the items of a run printed. */
import { didYouMean, type FailureCause, KtError } from '@kube-transform/sdk';
import { type FileStore, type ItemOutcome, logsPrefix, readLog } from '@kube-transform/runtime';
import { type JobView, type RunView, viewRun } from './run-view.js';

/** A line that an item printed. */
export interface LogLine {
  job: string;
  item: number;
  attempt: number;
  atMs: number;
  level: string;
  message: string;
  data?: object;
}

/** An item, or a job that failed without one (`item` null), with why it failed. */
export interface FailedLog {
  job: string;
  item: number | null;
  attempts: number;
  cause: FailureCause;
  lines: LogLine[];
}

/** Which lines are asked for. */
export interface LogFilter {
  /** `JOB` or `JOB/INDEX`; undefined for the whole run. */
  place: string | undefined;
}

interface StoredLine {
  i: number;
  n: number;
  t: number;
  level: string;
  message: string;
  data?: object;
}

/** Log lines of a run, in the order of time. @throws KtError `UNKNOWN_JOB`, `UNKNOWN_ITEM`. */
export async function readLogs(store: FileStore, runId: string, { place }: LogFilter): Promise<LogLine[]> {
  const { jobs, item } = placesOf(await viewRun(store, runId), place);
  const lines: LogLine[] = [];
  for (const { job } of jobs) {
    for (const line of await linesOf(store, { runId, job: job.name, wanted: i => item === null || i === item })) lines.push(line);
  }
  return lines.sort((a, b) => a.atMs - b.atMs);
}

/** The items whose latest attempt failed, with what that attempt printed. @throws KtError `UNKNOWN_JOB`, `UNKNOWN_ITEM`. */
export async function readFailedLogs(store: FileStore, runId: string, { place }: LogFilter): Promise<FailedLog[]> {
  const outcomes = new Map<string, ReadonlyMap<number, ItemOutcome>>();
  const view = await viewRun(store, runId, ({ job }, found) => outcomes.set(job.name, found));
  const { jobs, item } = placesOf(view, place);
  const found: FailedLog[] = [];
  for (const { job, cause } of jobs) {
    const logs = new Map<number, FailedLog>();
    for (const [i, outcome] of outcomes.get(job.name) ?? []) {
      if (outcome.cause === undefined || (item !== null && item !== i)) continue;
      logs.set(i, { job: job.name, item: i, attempts: outcome.attempts, cause: outcome.cause, lines: [] });
    }
    if (logs.size === 0 && cause !== undefined && item === null) found.push({ job: job.name, item: null, attempts: 0, cause, lines: [] });
    if (logs.size === 0) continue;
    for (const line of await linesOf(store, { runId, job: job.name, wanted: i => logs.has(i) })) {
      const log = logs.get(line.item);
      if (log !== undefined && line.attempt >= log.attempts) log.lines.push(line);
    }
    for (const log of [...logs.values()].sort((a, b) => (a.item ?? 0) - (b.item ?? 0))) found.push(log);
  }
  return found;
}

async function linesOf(
  store: FileStore,
  { runId, job, wanted }: { runId: string; job: string; wanted: (item: number) => boolean },
): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for await (const { i, n, t, level, message, data } of readLog<StoredLine>(store, logsPrefix(runId, job))) {
    if (wanted(i)) lines.push({ job, item: i, attempt: n, atMs: t, level, message, ...(data === undefined ? {} : { data }) });
  }
  return lines;
}

/** The jobs and the item that a place means. A job's name may itself hold "/". */
function placesOf({ jobs, record }: RunView, place: string | undefined): { jobs: JobView[]; item: number | null } {
  if (place === undefined) return { jobs, item: null };
  const whole = jobs.find(({ job }) => job.name === place);
  if (whole !== undefined) return { jobs: [whole], item: null };
  const slash = place.lastIndexOf('/');
  const name = slash < 0 ? place : place.slice(0, slash);
  const index = slash < 0 ? '' : place.slice(slash + 1);
  const view = jobs.find(({ job }) => job.name === name);
  if (view === undefined) {
    const names = jobs.map(({ job }) => job.name);
    const hint = didYouMean(name, names) ?? `Its jobs: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}.`;
    throw new KtError({ code: 'UNKNOWN_JOB', path: 'job', message: `Run "${record.runId}" has no job "${name.slice(0, 120)}".`, hint });
  }
  const item = /^\d{1,9}$/.test(index) ? Number(index) : -1;
  if (item >= 0 && (view.items === null || item < view.items)) return { jobs: [view], item };
  const hint = view.items === null ? 'It has not begun.' : view.items === 0 ? 'It has no items.' : `Its items are 0 to ${view.items - 1}.`;
  throw new KtError({ code: 'UNKNOWN_ITEM', path: 'job', message: `Job "${name}" has no item "${index.slice(0, 40)}".`, hint });
}
