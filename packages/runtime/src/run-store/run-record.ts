/** What is stored of a run beside its journal: the spec, and the state file that kube-transform reads. */
import type { FailureCause, JobStatus, JsonObject, KTJob, KTPipeline } from '@kube-transform/sdk';
import { jobStates, type RunState, runStatus } from '../core/index.js';
import { specKey, summaryKey } from './layout.js';
import type { FileStore, RunStatus } from '../ports/index.js';
import { readJson } from './read-json.js';

/** `spec.json` of a run. */
export interface RunRecord {
  runId: string;
  pipeline: KTPipeline;
  params: JsonObject;
  createdAtMs: number;
  /**
   * Where the functions came from, for resuming: module paths relative to the folder where `kt` ran, and the
   * bundle's digest.
   */
  source: { pipeline: string | null; functions: string[]; digest: string } | null;
  /** The run of which this one repeats what failed. */
  retryOf: string | null;
}

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
    }
  >;
}

const encoder = new TextEncoder();

/** Reads `spec.json`; null where there is no such run. */
export const readRecord = (store: FileStore, runId: string): Promise<RunRecord | null> =>
  readJson<RunRecord>(store, specKey(runId));

/** Writes `spec.json`; false where the run exists already. */
export async function writeRecord(store: FileStore, record: RunRecord): Promise<boolean> {
  return (
    (await store.put(specKey(record.runId), encoder.encode(JSON.stringify(record)), { ifAbsent: true })) !==
    null
  );
}

/** Reads the state file; null where there is none yet. */
export const readStateFile = (store: FileStore, runId: string): Promise<RunStateFile | null> =>
  readJson<RunStateFile>(store, summaryKey(runId));

/** Writes the state file: where a run stands. */
export async function writeStateFile(store: FileStore, file: RunStateFile): Promise<void> {
  await store.put(summaryKey(file.pipeline_run_id), encoder.encode(JSON.stringify(file)));
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
      ...(own.state === 'succeeded' && own.failedItems > 0 ? { failed_items: own.failedItems } : {}),
    };
    const above = parent === null ? undefined : file.jobs[parent];
    if (above !== undefined) (above.direct_descendants ??= []).push(job.name);
  }
  return file;
}
