/**
 * How a run is shown: redrawn in place on a terminal, as plain lines in a pipe, or as one JSON event a line.
 */
import type { EventSink, JobProgress, RunEvent } from '@kube-transform/runtime';
import { mostTelling, rateOf, RunProgress, systemClock } from '@kube-transform/runtime/internal';
import { coloured, duration, type Output, plural, statusText, table } from './output.js';
import { inline } from './plain-text.js';

/** A sink that must be closed, so that the last state is shown. */
export interface Reporter extends EventSink {
  /** Says something to the person, without disturbing what is shown. */
  note(text: string): void;
  close(): void;
}

const REDRAW_MS = 100;
const PLAIN_EVERY_MS = 2000;
const MAX_ROWS = 20;
const MAX_WAITING = 3;
const MAX_NOTES = 5;

/** A run that is waited for: who it is, and since when. */
export interface Awaited {
  runId: string;
  createdMs: number;
}

/** The reporter for what was asked and where text goes; `awaited` is shown until the run begins. */
export function reporterFor(json: boolean, output: Output, awaited: Awaited | null = null): Reporter {
  if (json) return jsonReporter(output);
  return output.live ? liveReporter(output.live, output.columns, awaited) : plainReporter(output);
}

/** One JSON object a line; the first carries `runId`, as all do. */
function jsonReporter(output: Output): Reporter {
  return {
    publish: event => {
      output.out(JSON.stringify(event));
    },
    note: text => {
      output.err(text);
    },
    close: () => undefined,
  };
}

/** A line for each change of a step, each failed item, and the progress of long steps every other second. */
function plainReporter(output: Output): Reporter {
  const progress = new RunProgress();
  const told = new Map<string, number>();
  return {
    publish: event => {
      progress.take(event);
      const line = plainLine(progress, event, told);
      if (line !== undefined) output.out(line);
    },
    note: text => {
      output.err(text);
    },
    close: () => undefined,
  };
}

function plainLine(progress: RunProgress, event: RunEvent, told: Map<string, number>): string | undefined {
  switch (event.type) {
    case 'RunStarted':
      return `run ${event.runId}${event.resumed ? ' (resumed)' : ''}: pipeline "${event.pipeline}", ${plural(event.jobs, 'step')}`;
    case 'RunFinished':
      return undefined;
    case 'JobStatusChanged': {
      if (event.from === null || event.to === 'Pending') return undefined;
      const job = progress.jobs.get(event.job);
      const why = event.cause?.message ?? (event.to === 'Completed' && job ? unkeptCount(job) : '');
      return `${event.job}: ${event.to}${why === '' ? '' : ` – ${why}`}`;
    }
    case 'JobExpanded':
      return event.items > 1 ? `${event.job}: ${plural(event.items, 'item')}` : undefined;
    case 'ItemRetrying':
      return `${event.job}[${event.item}]: attempt ${event.attempt} failed, trying again in ${duration(event.delayMs)} – ${event.cause.message}`;
    case 'ItemFailed':
      return `${event.job}[${event.item}]: failed after ${plural(event.attempt, 'attempt')} – ${event.cause.message}`;
    case 'JobWaiting':
      return event.message === null ? undefined : `${event.job}: waiting because ${event.message}`;
    case 'ItemStarted':
      return undefined;
    case 'JobCounted':
    case 'ItemSucceeded': {
      const job = progress.jobs.get(event.job);
      const last = told.get(event.job) ?? event.atMs;
      if (!told.has(event.job)) told.set(event.job, event.atMs);
      if (job === undefined || event.atMs - last < PLAIN_EVERY_MS) return undefined;
      told.set(event.job, event.atMs);
      return `${event.job}: ${counts(job, progress)}`;
    }
  }
}

/** A table of the steps that is redrawn in place. What is said of a run is said whole, over several rows. */
function liveReporter(
  show: Exclude<Output['live'], false>,
  columns: number,
  awaited: Awaited | null,
): Reporter {
  const progress = new RunProgress();
  const notes: string[] = [];
  let drawn = 0;
  const draw = (final: boolean): void => {
    const hasBegun = progress.runId !== '';
    if (!hasBegun && notes.length === 0) return;
    progress.nowMs = Math.max(progress.nowMs, systemClock.nowMs());
    const clipped = (row: string): string => clip(row, columns);
    const whole = (line: string): string[] => rowsOf(line, columns);
    const rows = [
      ...(hasBegun ? headRows(progress, final) : awaitedRows(awaited, progress.nowMs)).map(clipped),
      ...(final
        ? []
        : [
            ...waitingLines(progress).flatMap(whole),
            ...errorRows(progress).map(clipped),
            ...notes.flatMap(whole),
          ]),
    ];
    show(rows, drawn);
    drawn = rows.length;
  };
  const timer = setInterval(() => {
    draw(false);
  }, REDRAW_MS);
  timer.unref();
  return {
    publish: event => {
      // What was said of its waiting is no longer so.
      if (event.type === 'RunStarted') notes.length = 0;
      progress.take(event);
    },
    note: text => {
      notes.push(text);
      notes.splice(0, notes.length - MAX_NOTES);
    },
    close: () => {
      clearInterval(timer);
      draw(true);
    },
  };
}

const awaitedRows = (awaited: Awaited | null, nowMs: number): string[] =>
  awaited === null
    ? []
    : [
        `run ${awaited.runId}  ${coloured('Pending', `not begun for ${duration(nowMs - awaited.createdMs)}`)}`,
      ];

function headRows(progress: RunProgress, final: boolean): string[] {
  const jobs = [...progress.jobs.values()];
  const shown = mostTelling(jobs, MAX_ROWS);
  const rows = shown.map(job => [
    `  ${statusText(job.status)}`,
    job.name,
    final ? counts(job) : counts(job, progress),
  ]);
  const hidden = jobs.length - shown.length;
  return [
    `${progress.pipeline}  ${coloured('Pending', `run ${progress.runId}  ${duration(progress.nowMs - progress.startedMs)}`)}`,
    ...(rows.length > 0 ? table(rows).split('\n') : []),
    ...(hidden > 0 ? [`  … and ${plural(hidden, 'more step')}`] : []),
  ];
}

const waitingLines = ({ jobs }: RunProgress): string[] =>
  [...jobs.values()]
    .filter(({ waiting }) => waiting !== null)
    .slice(0, MAX_WAITING)
    .map(waitingLine);

const errorRows = ({ lastError }: RunProgress): string[] =>
  lastError === null ? [] : [coloured('Failed', `  last error: ${lastError.split('\n')[0] ?? ''}`)];

const waitingLine = ({ name, waiting }: JobProgress): string =>
  coloured('Pending', `  ${name}: waiting because ${waiting ?? ''}`);

/** `120/200  3 failed  41.2/s  eta 2.0 s`. */
function counts(job: JobProgress, progress?: RunProgress): string {
  if (job.items === null) return '';
  const isTold = progress !== undefined && job.status === 'Running' && job.items > 1;
  const rate = isTold ? rateOf(job, progress.nowMs, progress.endedMs.get(job.name)) : null;
  const parts = [
    job.items > 1 ? `${job.done + job.failed}/${job.items}` : '',
    job.failed > 0 && job.items > 1 ? coloured('Failed', `${job.failed} failed`) : '',
    ...skippedCounts(job),
    job.retried > 0 ? `${job.retried} retried` : '',
    rate === null
      ? ''
      : `${rate.perSecond.toFixed(1)}/s  eta ${rate.etaMs === null ? '–' : duration(rate.etaMs)}`,
  ];
  return parts.filter(part => part !== '').join('  ');
}

/** `3 done before`, `2 skipped, their results are null`. */
export const skippedCounts = ({ skipped, unkept }: Pick<JobProgress, 'skipped' | 'unkept'>): string[] => [
  skipped > unkept ? `${skipped - unkept} done before` : '',
  unkeptCount({ unkept }),
];

const unkeptCount = ({ unkept }: Pick<JobProgress, 'unkept'>): string =>
  unkept === 0 ? '' : `${unkept} skipped, ${unkept === 1 ? 'its result is' : 'their results are'} null`;

/** A line as rows of a terminal. */
function rowsOf(line: string, columns: number): string[] {
  const rows = [''];
  let width = 0;
  for (const [part] of inline(line).matchAll(/\u001b\[[0-9;]*m|[\s\S]/g)) {
    if (part.length === 1 && ++width > columns) {
      rows.push('');
      width = 1;
    }
    rows.push(`${rows.pop() ?? ''}${part}`);
  }
  return rows;
}

function clip(line: string, columns: number): string {
  const [row = '', more] = rowsOf(line, columns);
  return more === undefined ? row : `${row}\u001b[0m`;
}
