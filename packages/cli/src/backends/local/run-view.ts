/** How a run of a store stands now, and whether somebody drives it. */
import {
  type FileStore,
  leaseHolder,
  newRunSummary,
  readHeadline,
  type ReadOptions,
  readRun,
  readStateFile,
  type RunRecord,
  type RunStatus,
  type RunSummary,
  summaryOfState,
} from '@kube-transform/runtime';
import { HERE, type RunRef } from '../backend.js';
import { readableStack } from '../../terminal/source-positions.js';
import { recordOf } from './stored-run.js';

/** Reads a run. @throws KtError `UNKNOWN_RUN`, `BAD_RUN`. */
export async function viewRun(
  store: FileStore,
  runId: string,
  options: ReadOptions = {},
): Promise<RunSummary> {
  const record = await recordOf(store, runId);
  const summary = await readRun(store, record, { resolve: readableStack, ...options });
  const updatedMs = (await readStateFile(store, runId))?.updatedAtMs ?? null;
  return { ...(await withDriver(store, summary)), updatedMs };
}

/** A summary that says Interrupted where a run goes on and nobody drives it. */
export async function withDriver(store: FileStore, summary: RunSummary): Promise<RunSummary> {
  if (summary.status !== 'Running' || (await leaseHolder(store, summary.runId)) !== null) return summary;
  return { ...summary, status: 'Interrupted' };
}

/** What a run came to, as its state file tells: soon, also of a run of very many items. */
export async function readOutcome(
  store: FileStore,
  record: RunRecord,
  status: RunStatus,
): Promise<RunSummary> {
  const file = await readStateFile(store, record.runId);
  const { runId, pipeline, createdAtMs: createdMs, retryOf } = record;
  const summary =
    file === null
      ? newRunSummary({ runId, pipeline: pipeline.name, createdMs, retryOf })
      : summaryOfState(file);
  const result = status === 'Completed' ? await readHeadline(store, record) : null;
  return { ...summary, status, retryOf, result };
}

/** A run of a store, as it is referred to. */
export const refOf = ({ runId, source }: RunRecord): RunRef => ({
  runId,
  where: HERE,
  verb: 'kt run',
  source,
});
