/**
 * Reading what the store holds of a run from outside its cluster: a short-lived pod reads it and prints it.
 *
 * It prints in pages, because a node keeps only the last 10 MiB that a container prints. Each line is a
 * {@link ReadLine}: `begin` first, then values, then `end` or `error`. A page that lacks one of them, or has
 * fewer values than `end` says, was cut short.
 */
import type { Problem } from '@kube-transform/sdk';
import { CAUSE, PROBLEM } from '../../parse/failure-cause.js';
import { Format } from '../../parse/format.js';
import { JOB } from '../../parse/stored-job.js';
import {
  count,
  flag,
  json,
  keyed,
  list,
  nullOr,
  number,
  oneOf,
  optional,
  record,
  type Shape,
  shapeOf,
  table,
  text,
  words,
} from '../../parse/shapes.js';
import type { ContainerCall, ItemStep } from '../../ports/containers.js';
import type { FailedLog, LogLine } from '../../reporting/run-logs.js';

/** Where a page ended: after `count` values of the moment `atMs`. */
export interface ReadCursor {
  atMs: number;
  count: number;
}

/** What is to be read; the value of KT_READ. */
export interface ReadRequest {
  /**
   * lines: what items printed; failed: what failed, each with what it printed; step: what an item of the step
   * `place` ran.
   */
  what: 'lines' | 'failed' | 'step';
  runId: string;
  /** URL of the store, as the pod opens it. */
  store: string;
  place: string | null;
  /** Of `step`; default: the only one. */
  item?: number;
  previous: boolean;
  after: ReadCursor;
  /** A page ends with the value that makes it larger than this. */
  pageBytes: number;
}

/** A line that an item printed, something that failed, which the lines after it belong to, or a step. */
export type ReadValue = { line: LogLine } | { failed: Omit<FailedLog, 'lines'> } | { step: ItemStep };

/** A line of a page. */
export type ReadLine =
  { begin: true } | ReadValue | { end: { count: number; more: boolean } } | { error: readonly Problem[] };

/** The first page begins here. */
export const READ_FROM_START: ReadCursor = { atMs: 0, count: 0 };

/** What is said of a request or an answer that is none. */
const READER = { code: 'BAD_READER', hint: 'Submit the run with this kt, to read its logs with it.' };

/** A request: the kt that asks may be newer than that of the run, which answers. */
export const READ_REQUEST = new Format<ReadRequest>({
  ...READER,
  name: 'request to read logs',
  shape: record<ReadRequest>({
    what: oneOf('lines', 'failed', 'step'),
    runId: text,
    store: text,
    place: nullOr(text),
    item: optional(count),
    previous: flag,
    after: record<ReadCursor>({ atMs: number, count }),
    pageBytes: number,
  }),
});

const LOG_LINE = record<LogLine>({
  job: text,
  item: count,
  attempt: count,
  atMs: number,
  level: text,
  message: words,
  data: optional(json) as Shape<LogLine['data']>,
  podName: optional(text),
});
const FAILED = record<Omit<FailedLog, 'lines'>>({
  job: text,
  item: nullOr(count),
  attempts: count,
  cause: CAUSE,
  podName: optional(text),
});
const STEP = record<ItemStep>({
  item: count,
  job: JOB,
  call: nullOr(
    record<ContainerCall>({
      image: text,
      command: nullOr(list(text)),
      args: list(text),
      env: table(text),
      workdir: nullOr(text),
      resultFile: nullOr(text),
    }),
  ),
});
const yes = shapeOf('true', value => value === true);

/** A line of an answer; `begin` says its format. */
export const READ_LINE = new Format<ReadLine>({
  ...READER,
  name: 'answer of the pod that reads logs',
  shape: keyed<ReadLine>({
    begin: record<Extract<ReadLine, { begin: true }>>({ begin: yes }),
    line: record<{ line: LogLine }>({ line: LOG_LINE }),
    step: record<{ step: ItemStep }>({ step: STEP }),
    failed: record<{ failed: Omit<FailedLog, 'lines'> }>({ failed: FAILED }),
    end: record<Extract<ReadLine, { end: object }>>({
      end: record<{ count: number; more: boolean }>({ count, more: flag }),
    }),
    error: record<Extract<ReadLine, { error: readonly Problem[] }>>({ error: list(PROBLEM) }),
  }),
});

/** What a value counts as for a cursor; what failed has no time of its own. */
const momentOf = (value: ReadValue, what: ReadRequest['what']): number =>
  what === 'lines' && 'line' in value ? value.line.atMs : 0;

/** The cursor after one more value. */
export function advance(cursor: ReadCursor, value: ReadValue, what: ReadRequest['what']): ReadCursor {
  const atMs = momentOf(value, what);
  return atMs > cursor.atMs ? { atMs, count: 1 } : { atMs: cursor.atMs, count: cursor.count + 1 };
}

/** Leaves out what comes before a cursor. Values are in the order of time. */
export async function* valuesAfter(
  values: AsyncIterable<ReadValue>,
  { what, after }: Pick<ReadRequest, 'what' | 'after'>,
): AsyncGenerator<ReadValue, void> {
  let left = after.count;
  for await (const value of values) {
    const atMs = momentOf(value, what);
    if (atMs < after.atMs || (atMs === after.atMs && left-- > 0)) continue;
    yield value;
  }
}
