/** What is true of a run of a store now. */
import {
  type FailedItem,
  type FileStore,
  type JobView,
  leaseHolder,
  readRunView,
  readSummary,
  type RunRecord,
  type RunStatus,
  type ViewOptions,
} from '@kube-transform/runtime';
import { recordOf } from './stored-run.js';

export type { JobView };

/** A run. */
export interface RunView {
  record: RunRecord;
  status: RunStatus;
  jobs: JobView[];
  /** When it last moved; null where it has not begun. */
  updatedAtMs: number | null;
}

/** Reads a run. @throws KtError `UNKNOWN_RUN`, `BAD_RUN`. */
export async function viewRun(store: FileStore, runId: string, options: ViewOptions = {}): Promise<RunView> {
  const record = await recordOf(store, runId);
  const view = await readRunView(store, record, options);
  const status =
    view.status === 'Running' && (await leaseHolder(store, runId)) === null ? 'Interrupted' : view.status;
  return {
    record,
    status,
    jobs: view.jobs,
    updatedAtMs: (await readSummary(store, runId))?.updatedAtMs ?? null,
  };
}

/** Everything that failed, in the order of jobs and items: items, and jobs that failed without one. */
export async function viewFailures(
  store: FileStore,
  runId: string,
): Promise<{ view: RunView; failed: FailedItem[] }> {
  const byJob = new Map<string, FailedItem[]>();
  const view = await viewRun(store, runId, {
    onOutcomes: ({ job }, outcomes) => {
      const items: FailedItem[] = [];
      for (const [item, { final, cause }] of outcomes)
        if (final && cause !== undefined) items.push({ job: job.name, item, cause });
      byJob.set(
        job.name,
        items.sort((a, b) => (a.item ?? 0) - (b.item ?? 0)),
      );
    },
  });
  const failed = view.jobs.flatMap(({ job, cause }): FailedItem[] => {
    const items = byJob.get(job.name) ?? [];
    return items.length > 0 || cause === undefined || cause.kind === 'Cancelled'
      ? items
      : [{ job: job.name, item: null, cause }];
  });
  return { view, failed };
}
