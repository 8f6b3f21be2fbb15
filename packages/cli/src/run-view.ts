/** What is true of a run now: folded from its journal and its results, not from the summary, which lags behind. */
import type { FailureCause, JobStatus, KTJob } from '@kube-transform/sdk';
import {
  apply,
  createRunState,
  type Fact,
  type FailedItem,
  type FileStore,
  type ItemOutcome,
  jobStates,
  journalPrefix,
  leaseHolder,
  readLog,
  readManifest,
  readOutcomes,
  readSummary,
  type RunRecord,
  runStatus,
  type RunStatus,
} from '@kube-transform/runtime';
import { inBatches } from './in-batches.js';
import { recordOf } from './stored-run.js';

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

/** A run. */
export interface RunView {
  record: RunRecord;
  status: RunStatus;
  jobs: JobView[];
  /** When it last moved; null where it has not begun. */
  updatedAtMs: number | null;
}

/** Reads a run; `onOutcomes` is given what became of each job's items. */
export async function viewRun(
  store: FileStore,
  runId: string,
  onOutcomes: (job: JobView, outcomes: ReadonlyMap<number, ItemOutcome>) => void = () => undefined,
): Promise<RunView> {
  const record = await recordOf(store, runId);
  const state = createRunState(record.pipeline.jobs);
  for await (const fact of readLog<Fact>(store, journalPrefix(runId))) apply(state, fact);
  const jobs = await inBatches([...jobStates(state)], async ({ job, parent, own, status }): Promise<JobView> => {
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
    if (manifest === null) return view;
    const outcomes = await readOutcomes(store, runId, job.name);
    for (const outcome of outcomes.values()) {
      view.retried += Math.max(0, outcome.attempts - 1);
      if (!outcome.final) continue;
      if (outcome.cause === undefined) view.done++;
      else view.failed++;
    }
    onOutcomes(view, outcomes);
    return view;
  });
  const folded = runStatus(state);
  const status = folded === 'Running' && (await leaseHolder(store, runId)) === null ? 'Interrupted' : folded;
  return { record, status, jobs, updatedAtMs: (await readSummary(store, runId))?.updatedAtMs ?? null };
}

/** Everything that failed, in the order of jobs and items: items, and jobs that failed without one. */
export async function viewFailures(store: FileStore, runId: string): Promise<{ view: RunView; failed: FailedItem[] }> {
  const byJob = new Map<string, FailedItem[]>();
  const view = await viewRun(store, runId, ({ job }, outcomes) => {
    const items = [...outcomes].flatMap(([item, { final, cause }]) => (final && cause !== undefined ? [{ job: job.name, item, cause }] : []));
    byJob.set(
      job.name,
      items.sort((a, b) => a.item - b.item),
    );
  });
  const failed = view.jobs.flatMap(({ job, cause }): FailedItem[] => {
    const items = byJob.get(job.name) ?? [];
    return items.length > 0 || cause === undefined ? items : [{ job: job.name, item: null, cause }];
  });
  return { view, failed };
}
