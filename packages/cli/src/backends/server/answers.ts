/** What a server answers, in the types that all backends have. The client has checked it. */
import { type FailureCause, type Json, omitUndefined } from '@kube-transform/sdk';
import type { FailedLog, LogLine, RunEvent, RunSummary } from '@kube-transform/runtime';
import { fits, json } from '@kube-transform/runtime/internal';
import type { AnswerOf, ToldOf } from '@kube-transform/server/client';
import type { Deleted, RunRef, StartedRun } from '../backend.js';

type Where = Pick<RunRef, 'verb'> & { readonly name: string };
type Data<T, E> = Extract<T, { event: E }> extends { data: infer D } ? D : never;

/** How a run stands. */
export function summaryOf({ jobs, result, failures, ...run }: AnswerOf<'run'>): RunSummary {
  return {
    ...run,
    jobs: jobs.map(job => ({ ...job, cause: job.cause })),
    failures,
    result: fits<Json>(json, result) ?? null,
  };
}

/** A run that was found. */
export const refIn = ({ runId, createdMs, source }: AnswerOf<'findRun'>, { name, verb }: Where): RunRef => ({
  runId,
  where: name,
  verb,
  createdMs,
  source,
});

/** A run that was begun. */
export function startedIn(started: AnswerOf<'startRun'>, where: Where): StartedRun {
  const { context, namespace, digest, version } = started;
  return {
    run: refIn(started, where),
    submitted: { context, namespace, digest, isNew: false, ...omitUndefined({ version }) },
  };
}

/** What happened. */
export const eventOf = (event: Data<ToldOf<'followRun'>, 'event'>): RunEvent => event;

/** A line that was printed. */
export function lineOf({ data, ...line }: Data<ToldOf<'runLogs'>, 'line'>): LogLine {
  return { ...line, ...(typeof data === 'object' && data !== null ? { data } : {}) };
}

/** What failed. */
export function failedOf({ lines, cause, ...failed }: Data<ToldOf<'runFailures'>, 'failed'>): FailedLog {
  const why: FailureCause = cause;
  return { ...failed, cause: why, lines: lines.map(lineOf) };
}

const KINDS: readonly Deleted['kind'][] = [
  'run',
  'bundle',
  'files of an image',
  'temporary folder',
  'packages of a platform',
  'temporary file',
  'rest of a run',
];

/** What was deleted; what a newer server calls otherwise is a rest. */
export const kindOf = (kind: string): Deleted['kind'] => KINDS.find(one => one === kind) ?? 'rest of a run';
