/** The state file of a run, which kube-transform's tools read: where it stands, as last written. */
import { type FailureCause, type JobStatus, type KTJob, RUN_STATUSES } from '@kube-transform/sdk';
import { jobStates, type RunState, runStatus } from '../core/index.js';
import { CAUSE } from '../parse/failure-cause.js';
import { Format } from '../parse/format.js';
import { among, count, list, number, oneOf, optional, record, table, text } from '../parse/shapes.js';
import { countOrText, JOB_STATUS } from '../parse/stored-job.js';
import type { FileStore, RunStatus } from '../ports/index.js';
import { RUN_FILE, summaryKey } from './layout.js';
import { readDocument } from './read-document.js';
import type { RunRecord } from './run-record.js';

/** `pipeline_run_state.json`: kube-transform's fields, and `status` and `updatedAtMs` of our own. */
export interface RunStateFile {
  pipeline_name: string;
  pipeline_run_id: string;
  status: RunStatus;
  createdAtMs: number;
  updatedAtMs: number;
  jobs: Record<
    string,
    Pick<KTJob, 'type' | 'dependencies'> & {
      status: JobStatus;
      items?: number;
      direct_descendants?: string[];
      cause?: FailureCause;
      failed_items?: number;
      /** How many may fail, where some did. */
      max_failed?: number | string;
    }
  >;
}

/** The shape of where a run stands. */
export const RUN_STATUS = among(RUN_STATUSES);

/** `pipeline_run_state.json`. */
export const STATE_FILE = new Format<RunStateFile>({
  ...RUN_FILE,
  shape: record<RunStateFile>({
    pipeline_name: text,
    pipeline_run_id: text,
    status: RUN_STATUS,
    createdAtMs: number,
    updatedAtMs: number,
    jobs: table(
      record<RunStateFile['jobs'][string]>({
        type: oneOf('static', 'dynamic', 'map', 'container'),
        dependencies: list(text),
        status: JOB_STATUS,
        items: optional(count),
        direct_descendants: optional(list(text)),
        cause: optional(CAUSE),
        failed_items: optional(count),
        max_failed: optional(countOrText),
      }),
    ),
  }),
});

/** Reads the state file; null where there is none yet. */
export const readStateFile = (store: FileStore, runId: string): Promise<RunStateFile | null> =>
  readDocument(store, summaryKey(runId), STATE_FILE);

/** Writes the state file: where a run stands. */
export async function writeStateFile(store: FileStore, file: RunStateFile): Promise<void> {
  await store.put(summaryKey(file.pipeline_run_id), new TextEncoder().encode(STATE_FILE.text(file)));
}

/** The state file of a state; `items` holds the number of items of the jobs that have begun. */
export function stateFileOf(
  record: RunRecord,
  state: RunState,
  now: { nowMs: number; items: ReadonlyMap<string, number>; status?: RunStatus },
): RunStateFile {
  const file: RunStateFile = {
    pipeline_name: record.pipeline.name,
    pipeline_run_id: record.runId,
    status: now.status ?? runStatus(state),
    createdAtMs: record.createdAtMs,
    updatedAtMs: now.nowMs,
    jobs: {},
  };
  for (const { job, parent, own, status } of jobStates(state)) {
    const items = now.items.get(job.name);
    file.jobs[job.name] = {
      type: job.type,
      dependencies: job.dependencies,
      status,
      ...(items === undefined ? {} : { items }),
      ...(own.state === 'failed' ? { cause: own.cause } : {}),
      ...(own.state === 'succeeded' && own.failedItems > 0
        ? { failed_items: own.failedItems, max_failed: job.maxFailed }
        : {}),
    };
    const above = parent === null ? undefined : file.jobs[parent];
    if (above !== undefined) (above.direct_descendants ??= []).push(job.name);
  }
  return file;
}
