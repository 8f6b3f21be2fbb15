/**
 * What is true of a run now: folded from its journal and its results, not from the summary, which lags
 * behind.
 */
import type { FailureCause, JobStatus, KTJob } from '@kube-transform/sdk';
import { apply, createRunState, type Fact, jobStates, runStatus } from '../core/index.js';
import { inBatches } from '../run-store/in-batches.js';
import { readManifest } from '../run-store/job-manifest.js';
import { journalPrefix, resultsPrefix } from '../run-store/layout.js';
import type { FileStore, RunStatus } from '../ports/index.js';
import { foldLine, type ItemOutcome, type ResultLine } from '../run-store/item-results.js';
import type { RunRecord } from '../run-store/run-record.js';
import { readLog } from '../run-store/segment-log.js';

/** A job of a run. */
export interface JobView {
  job: KTJob;
  /** The job that spawned it; null for a job of the pipeline. */
  parent: string | null;
  status: JobStatus;
  cause: FailureCause | undefined;
  /** Null where it is not known, because the job has not begun. */
  items: number | null;
  done: number;
  failed: number;
  /** Attempts beyond the first of each item. */
  retried: number;
}

/** What became of an item, without its result. */
export type Outcomes = ReadonlyMap<number, Omit<ItemOutcome, 'result'>>;

/** How much of a run is read. */
export interface ViewOptions {
  /** Jobs of which the items are counted; default: all. */
  counts?: (job: string) => boolean;
  /** Given what became of the items of each job that is counted. */
  onOutcomes?: (job: JobView, outcomes: Outcomes) => void;
}

/** Reads a run. Its status is Running until all its jobs have ended, whether or not somebody drives it. */
export async function readRunView(
  store: FileStore,
  record: RunRecord,
  { counts = () => true, onOutcomes = () => undefined }: ViewOptions = {},
): Promise<{ status: RunStatus; jobs: JobView[] }> {
  const { runId } = record;
  const state = createRunState(record.pipeline.jobs);
  for await (const fact of readLog<Fact>(store, journalPrefix(runId))) apply(state, fact);
  const jobs = await inBatches(
    [...jobStates(state)],
    async ({ job, parent, own, status }): Promise<JobView> => {
      const manifest = own.state === 'waiting' ? null : await readManifest(store, runId, job.name);
      const view: JobView = {
        job,
        parent,
        status,
        cause: own.state === 'failed' ? own.cause : undefined,
        items: manifest?.items ?? (own.state === 'succeeded' ? 0 : null),
        done: 0,
        failed: 0,
        retried: 0,
      };
      if (manifest === null || !counts(job.name)) return view;
      const outcomes = await outcomesOf(store, runId, job.name);
      for (const outcome of outcomes.values()) {
        view.retried += Math.max(0, outcome.attempts - 1);
        if (!outcome.final) continue;
        if (outcome.cause === undefined) view.done++;
        else view.failed++;
      }
      onOutcomes(view, outcomes);
      return view;
    },
  );
  return { status: runStatus(state), jobs };
}

async function outcomesOf(store: FileStore, runId: string, job: string): Promise<Outcomes> {
  const outcomes = new Map<number, Omit<ItemOutcome, 'result'>>();
  for await (const line of readLog<ResultLine>(store, resultsPrefix(runId, job))) {
    const outcome = foldLine(outcomes.get(line.i), line);
    delete outcome.result;
    outcomes.set(line.i, outcome);
  }
  return outcomes;
}
