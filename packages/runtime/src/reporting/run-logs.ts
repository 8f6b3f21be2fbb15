/** What the items of a run printed. */
import { didYouMean, type FailureCause, KtError, omitUndefined } from '@kube-transform/sdk';
import { json, number, optional, record, type Shape, text, words } from '../parse/shapes.js';
import { logsPrefix } from '../run-store/layout.js';
import { mergeByTime } from '../streams/merge-by-time.js';
import type { FileStore } from '../ports/index.js';
import type { RunRecord } from '../run-store/run-record.js';
import { type Outcomes, readRun } from './read-run.js';
import type { JobProgress } from './run-summary.js';
import { listLogs, LogReader, newSegments, valuesOf } from '../run-store/read-log.js';

/** A line that an item printed. */
export interface LogLine {
  /** Name of the step. */
  job: string;
  /** Index of the item. */
  item: number;
  /** From 1. */
  attempt: number;
  /** Milliseconds since 1970. */
  atMs: number;
  /** `debug`, `info`, `warn` or `error`. */
  level: string;
  /** What was printed. */
  message: string;
  /** What was given beside it. */
  data?: object;
  /** The pod of Kubernetes that printed it, where that is known. */
  podName?: string | undefined;
}

/** An item, or a job that failed without one (`item` null), with why it failed. */
export interface FailedLog {
  /** Name of the step. */
  job: string;
  /** Index of the item; null for the step as a whole. */
  item: number | null;
  /** How many attempts it had. */
  attempts: number;
  /** Why the latest failed. */
  cause: FailureCause;
  /** The pod of Kubernetes in which it did, where that is known. */
  podName?: string | undefined;
  /** What that attempt printed, or with `previous` those before it. */
  lines: LogLine[];
}

/** Which lines are asked for. */
export interface LogFilter {
  /** `STEP` or `STEP/INDEX`; undefined for the whole run. */
  selector: string | undefined;
  /** Only what the attempts before the latest printed. */
  previous: boolean;
}

/** A line as workers write it: to the store, and in a cluster to their standard output. */
export interface StoredLine {
  i: number;
  n: number;
  t: number;
  level: string;
  message: string;
  data?: object;
  /** Name of the step, where a pod that runs several has printed it. */
  job?: string;
}

/** The shape of a line; functions may log what is no text. */
export const STORED_LINE = record<StoredLine>({
  i: number,
  n: number,
  t: number,
  level: text,
  message: words,
  data: optional(json) as Shape<StoredLine['data']>,
  job: optional(text),
});

/** A line with the names of its job and its pod. */
export function logLine(
  job: string,
  { i, n, t, level, message, data }: StoredLine,
  podName?: string,
): LogLine {
  const line = { job, item: i, attempt: n, atMs: t, level, message };
  return { ...line, ...omitUndefined({ data, podName }) };
}

/**
 * Reads the log lines of a run, in the order of time.
 *
 * @throws KtError `UNKNOWN_JOB`, `UNKNOWN_ITEM`.
 *
 * @example
 * ```ts
 * async function print(store: FileStore, record: RunRecord): Promise<void> {
 *   const lines = readLogs(store, record, { selector: 'load/3', previous: false });
 *   for await (const { level, message } of lines) console.log(level, message);
 * }
 * ```
 */
export async function* readLogs(
  store: FileStore,
  record: RunRecord,
  { selector, previous }: LogFilter,
): AsyncGenerator<LogLine, void> {
  const { runId } = record;
  const latest = new Map<string, Outcomes>();
  const wants = (job: string): boolean =>
    previous && (selector === undefined || selector === job || selector.startsWith(`${job}/`));
  const view = await readRun(store, record, {
    counts: wants,
    onOutcomes: ({ name }, outcomes) => latest.set(name, outcomes),
  });
  const { jobs, item } = selectItems(view.jobs, { runId, selector });
  const logs: AsyncIterator<LogLine>[] = [];
  for (const job of jobs)
    for (const [log, last] of await listLogs(store, logsPrefix(runId, job)))
      logs.push(linesOf(new LogReader(store, log), job, last));
  for await (const line of mergeByTime(logs, ({ atMs }) => atMs)) {
    if (item !== null && line.item !== item) continue;
    if (previous && line.attempt >= latestAttempt(latest.get(line.job)?.get(line.item))) continue;
    yield line;
  }
}

/** The attempt that is under way, or the last there was. */
function latestAttempt(outcome: { attempts: number; final: boolean } | undefined): number {
  if (outcome === undefined) return 1;
  return outcome.final ? outcome.attempts : outcome.attempts + 1;
}

/**
 * Reads which items' latest attempts failed, with what these printed, or with `previous` the ones before
 * them.
 *
 * @throws KtError `UNKNOWN_JOB`, `UNKNOWN_ITEM`.
 *
 * @example
 * ```ts
 * async function print(store: FileStore, record: RunRecord): Promise<void> {
 *   for await (const failed of readFailedLogs(store, record, { selector: undefined, previous: false }))
 *     console.log(failed.job, failed.item, failed.cause.message, failed.lines.length);
 * }
 * ```
 */
export async function* readFailedLogs(
  store: FileStore,
  record: RunRecord,
  { selector, previous }: LogFilter,
): AsyncGenerator<FailedLog, void> {
  const { runId } = record;
  const outcomes = new Map<string, Omit<FailedLog, 'lines'>[]>();
  const { jobs } = await readRun(store, record, {
    onOutcomes: ({ name }, found) => {
      const failed: Omit<FailedLog, 'lines'>[] = [];
      for (const [item, { attempts, cause, podName }] of found)
        if (cause !== undefined)
          failed.push({ job: name, item, attempts, cause, ...omitUndefined({ podName }) });
      outcomes.set(name, failed);
    },
  });
  const { jobs: names, item } = selectItems(jobs, { runId, selector });
  for (const name of names) {
    const cause = jobs.find(job => job.name === name)?.cause;
    const logs = new Map<number, FailedLog>();
    for (const failed of outcomes.get(name) ?? [])
      if (failed.item !== null && (item === null || item === failed.item))
        logs.set(failed.item, { ...failed, lines: [] });
    if (logs.size === 0 && cause !== undefined && item === null)
      yield { job: name, item: null, attempts: 0, cause, lines: [] };
    if (logs.size === 0) continue;
    for (const [pod, last] of await listLogs(store, logsPrefix(runId, name))) {
      for await (const line of linesOf(new LogReader(store, pod), name, last)) {
        const log = logs.get(line.item);
        if (log !== undefined && previous === line.attempt < log.attempts) log.lines.push(line);
      }
    }
    for (const log of [...logs.values()].sort((a, b) => (a.item ?? 0) - (b.item ?? 0))) yield log;
  }
}

/** What is new in the logs of a run, each time it is asked. */
export class LogTail {
  readonly #store: FileStore;
  readonly #record: RunRecord;
  readonly #selector: string | undefined;
  readonly #logs = new Map<string, LogReader>();

  constructor(store: FileStore, record: RunRecord, selector: string | undefined) {
    this.#store = store;
    this.#record = record;
    this.#selector = selector;
  }

  /** Lines that were not there before, by time. @throws KtError `UNKNOWN_JOB`, `UNKNOWN_ITEM`. */
  async next(): Promise<LogLine[]> {
    const { runId } = this.#record;
    const view = await readRun(this.#store, this.#record, { counts: () => false });
    const { jobs, item } = selectItems(view.jobs, { runId, selector: this.#selector });
    const lines: LogLine[] = [];
    for (const job of jobs) {
      for (const [prefix, last] of await listLogs(this.#store, logsPrefix(runId, job))) {
        const log = this.#logs.get(prefix) ?? new LogReader(this.#store, prefix);
        this.#logs.set(prefix, log);
        for await (const line of linesOf(log, job, last))
          if (item === null || line.item === item) lines.push(line);
      }
    }
    return lines.sort((a, b) => a.atMs - b.atMs);
  }
}

async function* linesOf(log: LogReader, job: string, listed: number): AsyncGenerator<LogLine, void> {
  for await (const segment of newSegments(log, listed))
    for (const line of valuesOf(segment, STORED_LINE)) yield logLine(job, line, segment.pod);
}

/**
 * The jobs and the item that a selector means. A job's name may itself hold "/".
 *
 * @throws KtError `UNKNOWN_JOB`, `UNKNOWN_ITEM`.
 */
export function selectItems(
  jobs: readonly Pick<JobProgress, 'name' | 'items'>[],
  { runId, selector }: { runId: string; selector: string | undefined },
): { jobs: string[]; item: number | null } {
  const names = jobs.map(({ name }) => name);
  if (selector === undefined) return { jobs: names, item: null };
  if (names.includes(selector)) return { jobs: [selector], item: null };
  const slash = selector.lastIndexOf('/');
  const name = slash < 0 ? selector : selector.slice(0, slash);
  const index = slash < 0 ? '' : selector.slice(slash + 1);
  const found = jobs.find(job => job.name === name);
  if (found === undefined) {
    const hint =
      didYouMean(name, names) ??
      `Its steps: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}.`;
    throw new KtError({
      code: 'UNKNOWN_JOB',
      path: 'step',
      message: `Run "${runId}" has no step "${name.slice(0, 120)}".`,
      hint,
    });
  }
  const item = /^\d{1,9}$/.test(index) ? Number(index) : -1;
  if (item >= 0 && (found.items === null || item < found.items)) return { jobs: [name], item };
  const hint =
    found.items === null
      ? 'It has not begun.'
      : found.items === 0
        ? 'It has no items.'
        : `Its items are 0 to ${found.items - 1}.`;
  throw new KtError({
    code: 'UNKNOWN_ITEM',
    path: 'step',
    message: `Step "${name}" has no item "${index.slice(0, 40)}".`,
    hint,
  });
}
