/**
 * How a run of a store stands: from its journal and its results, or, sooner, from the state file that is
 * written at most once a second.
 */
import { apply, createRunState, jobStates, type RunState, runStatus } from '../core/index.js';
import { inBatches } from '../streams/in-batches.js';
import { type JobManifest, readManifest } from '../run-store/job-manifest.js';
import { readJournal } from '../run-store/journal.js';
import type { FileStore } from '../ports/index.js';
import { foldLine, type ItemOutcome, readLines } from '../run-store/item-results.js';
import type { RunRecord } from '../run-store/run-record.js';
import type { RunStateFile } from '../run-store/state-file.js';
import { type FailedItem, failureOf, groupFailures, isOwnFailure, type Resolve } from './failure-groups.js';
import {
  countJobs,
  type JobProgress,
  newJobProgress,
  newRunSummary,
  type RunSummary,
} from './run-summary.js';

/** What became of an item, without its result. */
export type Outcomes = ReadonlyMap<number, Omit<ItemOutcome, 'result'>>;

/** How much of a run is read. */
export interface ReadOptions {
  /** Steps of which the items are counted, and their failures told. Default: all. */
  counts?: (job: string) => boolean;
  /** Given what became of the items of each step that is counted. */
  onOutcomes?: (job: JobProgress, outcomes: Outcomes) => void;
  /** Makes stacks readable before failures are grouped. Default: they are left as they are. */
  resolve?: Resolve;
}

/**
 * Reads how a run stands.
 *
 * Its status is Running until all its jobs have ended, whether or not somebody drives it; `updatedMs` and
 * `result` are left null.
 *
 * @example
 * ```ts
 * await using store = await openStore('file:.');
 * const record = await readRecord(store, 'flights-20260101-030000-ab12');
 * if (record !== null) console.log((await readRun(store, record)).counts);
 * ```
 */
export async function readRun(
  store: FileStore,
  record: RunRecord,
  { counts = () => true, onOutcomes = () => undefined, resolve = stack => stack }: ReadOptions = {},
): Promise<RunSummary> {
  const { runId, pipeline, createdAtMs, retryOf } = record;
  const state = await readState(store, record);
  const read = await inBatches([...jobStates(state)], async ({ job, parent, own, status }) => {
    const manifest = own.state === 'waiting' ? null : await readManifest(store, runId, job.name);
    const items = manifest?.items ?? (own.state === 'succeeded' ? 0 : null);
    const cause = own.state === 'failed' ? own.cause : undefined;
    const progress: JobProgress = {
      ...newJobProgress(job.name),
      ...{ parent, status, items, cause, maxFailed: job.maxFailed },
    };
    if (own.state === 'succeeded') progress.failed = own.failedItems;
    const failed: FailedItem[] = [];
    if (manifest !== null && counts(job.name)) {
      const outcomes = await outcomesOf(store, manifest);
      for (const [item, { attempts, final, isUnkept, podName, cause: why }] of outcomes) {
        progress.retried += Math.max(0, attempts - 1);
        if (!final) continue;
        if (attempts === 0) progress.skipped++;
        if (isUnkept === true) progress.unkept++;
        if (why === undefined) progress.done++;
        else failed.push(failureOf({ job: job.name, item, cause: why, podName }));
      }
      progress.failed = failed.length;
      failed.sort((a, b) => (a.item ?? 0) - (b.item ?? 0));
      onOutcomes(progress, outcomes);
    }
    if (failed.length === 0 && cause !== undefined && isOwnFailure(cause))
      failed.push({ job: job.name, item: null, cause });
    return { progress, failed };
  });
  const jobs = read.map(({ progress }) => progress);
  return {
    ...newRunSummary({ runId, pipeline: pipeline.name, createdMs: createdAtMs, retryOf }),
    status: runStatus(state),
    jobs,
    counts: countJobs(jobs),
    failures: groupFailures(
      read.flatMap(({ failed }) => failed),
      resolve,
    ),
  };
}

async function outcomesOf(store: FileStore, manifest: JobManifest): Promise<Outcomes> {
  const outcomes = new Map<number, Omit<ItemOutcome, 'result'>>();
  await readLines(store, manifest, (line, podName) => {
    const outcome = foldLine(outcomes.get(line.i), line, podName);
    delete outcome.result;
    outcomes.set(line.i, outcome);
  });
  return outcomes;
}

/** What a run's state file tells, which is enough for a list: of items only how many failed as allowed. */
export function summaryOfState(file: RunStateFile): RunSummary {
  const jobs = Object.entries(file.jobs).map(
    ([name, { status, items, cause, failed_items: failed = 0, max_failed: maxFailed = 0 }]) => {
      const done = status === 'Completed' || status === 'DescendantFailed' ? (items ?? 0) - failed : 0;
      return { ...newJobProgress(name), status, items: items ?? null, done, failed, maxFailed, cause };
    },
  );
  const { pipeline_run_id: runId, pipeline_name: pipeline, createdAtMs: createdMs } = file;
  return {
    ...newRunSummary({ runId, pipeline, createdMs, retryOf: null }),
    status: file.status,
    updatedMs: file.updatedAtMs,
    jobs,
    counts: countJobs(jobs),
  };
}

/** The state that the journal of a run comes to. */
export async function readState(store: FileStore, { runId, pipeline }: RunRecord): Promise<RunState> {
  const state = createRunState(pipeline.jobs);
  for await (const fact of readJournal(store, runId)) apply(state, fact);
  return state;
}
