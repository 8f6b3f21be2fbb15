/** What the items of a run in a cluster printed: from the store, and from pods while they live. */
import { isKtError, KtError } from '@kube-transform/sdk';
import type { FailedLog, LogFilter, LogLine } from '@kube-transform/runtime';
import { isOver, selectItems } from '@kube-transform/runtime/internal';
import { isKubeError, type ReadValue } from '@kube-transform/runtime/kubernetes';
import { readPods, type LiveFilter } from './pod-logs.js';
import { type LoggedRun, type Reading, readStored } from './stored-logs.js';
import { SeenLines } from './seen-lines.js';
import { shellWord } from '../../../terminal/plain-text.js';

/**
 * Lines of a run in the order of time, from its store; where that cannot be read, from the pods that there
 * are.
 */
export async function* clusterLogs(
  of: LoggedRun,
  { selector, previous }: LogFilter,
  reading: Reading,
): AsyncGenerator<LogLine, void> {
  let count = 0;
  try {
    for await (const value of stored(of, { what: 'lines', selector, previous }, reading)) {
      count++;
      if ('line' in value) yield value.line;
    }
  } catch (error) {
    if (count > 0 || previous || !isOutOfReach(error)) throw error;
    reading.note(
      `Only what the pods that are there have printed is shown. ${(error as KtError).problems[0]?.message ?? ''}`,
    );
    yield* podLogs(of, selector, reading);
  }
}

/** What failed in a run, from its store. */
export async function* clusterFailedLogs(
  of: LoggedRun,
  { selector, previous }: LogFilter,
  reading: Reading,
): AsyncGenerator<FailedLog, void> {
  let failed: FailedLog | undefined;
  for await (const value of stored(of, { what: 'failed', selector, previous }, reading)) {
    if ('line' in value) failed?.lines.push(value.line);
    else if ('failed' in value) {
      if (failed !== undefined) yield failed;
      failed = { ...value.failed, lines: [] };
    }
  }
  if (failed !== undefined) yield failed;
}

interface StoredFilter extends LogFilter {
  what: 'lines' | 'failed';
}

/** What the store holds; nothing where the run has not begun. */
async function* stored(
  of: LoggedRun,
  { what, selector, previous }: StoredFilter,
  reading: Reading,
): AsyncGenerator<ReadValue, void> {
  try {
    yield* readStored(of, { what, selector: selector ?? null, previous }, reading);
  } catch (error) {
    if (!isKtError(error) || error.code !== 'RUN_NOT_BEGUN') throw error;
  }
}

/** No pod may be made for reading, or none starts. */
const isOutOfReach = (error: unknown): boolean =>
  isKubeError(error)
    ? error.status === 403 || error.status === 422
    : isKtError(error) && error.code === 'READER_NOT_STARTED';

/** What the pods that there are have printed so far. */
async function* podLogs(
  of: LoggedRun,
  selector: string | undefined,
  { signal, note }: Reading,
): AsyncGenerator<LogLine, void> {
  const lines: LogLine[] = [];
  await readPods(of.api, filterOf(of, selector), {
    signal,
    note,
    ending: null,
    onLine: line => void lines.push(line),
  });
  yield* lines.sort((a, b) => a.atMs - b.atMs);
}

/** Whose logs are followed, and how. */
interface Following {
  selector: string | undefined;
  reading: Reading;
  print: (line: LogLine) => void;
  /** Resolves when the run has ended, or the signal is aborted. */
  ended: (signal: AbortSignal) => Promise<unknown>;
}

/** Lines as they are printed, after those that were; ends with the run. */
export async function followClusterLogs(
  of: LoggedRun,
  { selector, reading, print, ended }: Following,
): Promise<void> {
  const { signal, note } = reading;
  const filter = filterOf(of, selector);
  const seen = new SeenLines();
  const show = (line: LogLine, source: object): void => {
    if (seen.isNew(line, source)) print(line);
  };
  const fromStore = async (): Promise<void> => {
    const source = {};
    for await (const line of clusterLogs(of, { selector, previous: false }, reading)) show(line, source);
  };
  if (isOver(of.summary)) return fromStore();
  const ending = new AbortController();
  let held: [LogLine, object][] | null = [];
  const live = readPods(of.api, filter, {
    signal,
    note,
    ending: ending.signal,
    onLine: (line, source) => void (held === null ? show(line, source) : held.push([line, source])),
  });
  const all = Promise.all([live, ended(signal).finally(() => ending.abort())]);
  all.catch(() => undefined);
  // Pods that have ended may be gone already.
  if (hasEndedPods(of)) await fromStore();
  for (const [line, source] of held) show(line, source);
  held = null;
  await all;
  if (!signal.aborted) await fromStore();
}

const hasEndedPods = ({ summary }: LoggedRun): boolean =>
  summary.jobs.some(
    ({ status, done, failed, retried }) =>
      done + failed + retried > 0 || status === 'Completed' || status === 'Failed',
  );

/**
 * Which pods a selector means. @throws KtError `UNKNOWN_JOB`, `UNKNOWN_ITEM` where the run is known to have
 * no such thing.
 */
function filterOf({ config: { runId }, summary }: LoggedRun, selector: string | undefined): LiveFilter {
  if (selector === undefined) return { runId, job: null, item: null };
  if (summary.jobs.length === 0) throw notYet(runId);
  const { jobs, item } = selectItems(summary.jobs, { runId, selector });
  return { runId, job: jobs[0] ?? null, item };
}

function notYet(runId: string): KtError {
  const message = `Run "${runId}" has not begun, so its steps are not known yet.`;
  return new KtError({
    code: 'RUN_NOT_BEGUN',
    path: 'step',
    message,
    hint: `Wait for it: kt status ${shellWord(runId)} --follow; or leave out the step.`,
  });
}
