/** How a run of a store stands now, and whether somebody drives it. */
import {
  type FileStore,
  type ReadOptions,
  readRun,
  type RunRecord,
  type RunStatus,
  type RunSummary,
} from '@kube-transform/runtime';
import {
  leaseHolder,
  newRunSummary,
  readHeadline,
  readStateFile,
  summaryOfState,
} from '@kube-transform/runtime/internal';
import { stackReader } from '../../terminal/source-positions.js';

/** Reads a run as far as it is asked for: its items and what failed, or only its steps. */
export async function viewRun(
  store: FileStore,
  record: RunRecord,
  options: ReadOptions = {},
): Promise<RunSummary> {
  const summary = await readRun(store, record, { resolve: stackReader(), ...options });
  const updatedMs = (await readStateFile(store, record.runId))?.updatedAtMs ?? null;
  return { ...(await withDriver(store, summary)), updatedMs };
}

/** Reads all of a run, with its result where it completed. */
export async function readWhole(store: FileStore, record: RunRecord): Promise<RunSummary> {
  return withResult(store, record, await viewRun(store, record));
}

/** What a run came to, as its state file tells: soon, also of a run of very many items. */
export async function readOutcome(
  store: FileStore,
  record: RunRecord,
  status: RunStatus,
): Promise<RunSummary> {
  const { runId, pipeline, createdAtMs: createdMs, retryOf } = record;
  const file = await readStateFile(store, runId);
  const begun = newRunSummary({ runId, pipeline: pipeline.name, createdMs, retryOf });
  const summary = file === null ? begun : summaryOfState(file);
  return withResult(store, record, { ...summary, status, retryOf });
}

async function withResult(store: FileStore, record: RunRecord, summary: RunSummary): Promise<RunSummary> {
  return summary.status === 'Completed' ? { ...summary, result: await readHeadline(store, record) } : summary;
}

/** A summary that says Interrupted where a run goes on and nobody drives it. */
export async function withDriver(store: FileStore, summary: RunSummary): Promise<RunSummary> {
  if (summary.status !== 'Running' || (await leaseHolder(store, summary.runId)) !== null) return summary;
  return { ...summary, status: 'Interrupted' };
}
