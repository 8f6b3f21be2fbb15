/** Which runs a store has, and which one was meant. */
import { KtError } from '@kube-transform/sdk';
import { type FileStore, readRecord, type RunRecord, type RunSummary } from '@kube-transform/runtime';
import {
  inBatches,
  newRunSummary,
  readStateFile,
  runFolder,
  runsPrefix,
  summaryOfState,
  unreadableRun,
} from '@kube-transform/runtime/internal';
import { HERE, type RunRef } from '../backend.js';
import { noRuns, pickRun } from '../pick-run.js';
import { withDriver } from './read-run.js';
import { recordOf } from './stored-run.js';

const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;
const WHERE = 'in this store';

/** A run of a store, as it is referred to. */
export const refOf = ({ runId, source, createdAtMs: createdMs }: RunRecord): RunRef => ({
  runId,
  where: HERE,
  verb: 'kt run',
  createdMs,
  source,
});

/** Names of all runs, in byte order; a folder that cannot be one is somebody's. */
export async function runIds(store: FileStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const entry of store.list(runsPrefix, { delimiter: '/' })) {
    const name = entry.type === 'prefix' ? entry.prefix.slice(runsPrefix.length, -1) : '';
    if (RUN_ID.test(name)) ids.push(name);
  }
  return ids;
}

/** All runs, the newest first, as their state files tell; those that cannot be read say why. */
export async function listRuns(store: FileStore): Promise<RunSummary[]> {
  const entries = await inBatches(await runIds(store), runId =>
    entryOf(store, runId).catch((error: unknown) => unreadableRun({ runId, createdMs: 0 }, error)),
  );
  return entries
    .filter(entry => entry !== null)
    .sort((a, b) => b.createdMs - a.createdMs || (a.runId < b.runId ? 1 : -1));
}

/** What a list tells of a run; null where the folder holds none. */
async function entryOf(store: FileStore, runId: string): Promise<RunSummary | null> {
  const file = await readStateFile(store, runId);
  if (file !== null && file.pipeline_run_id !== runId) throw copyOf(file.pipeline_run_id, runId);
  if (file !== null) return withDriver(store, summaryOfState(file));
  const record = await readRecord(store, runId);
  if (record === null) return null;
  const { pipeline, createdAtMs: createdMs, retryOf } = record;
  return withDriver(store, newRunSummary({ runId, pipeline: pipeline.name, createdMs, retryOf }));
}

/** A run does not move: a copy under another name would be taken for the run itself. */
const copyOf = (runId: string, name: string): KtError =>
  new KtError({
    code: 'BAD_RUN',
    path: runFolder(name),
    message: `The folder "${name}" holds a copy of run "${runId}".`,
    hint: `Move it out of ${runsPrefix}, or name it as the run.`,
  });

/**
 * The run that was meant: its id, the beginning of its id, or `latest`.
 *
 * @throws KtError `NO_RUNS`, `UNKNOWN_RUN`, `AMBIGUOUS_RUN`; `BAD_RUN` where it cannot be read.
 */
export async function findRun(store: FileStore, typed: string): Promise<RunRecord> {
  if (RUN_ID.test(typed) && (await store.head(`${runFolder(typed)}/spec.json`)) !== null)
    return recordOf(store, typed);
  if (typed !== 'latest') {
    const choice = { ids: await runIds(store), where: WHERE, hint: 'is it the right --store?' };
    return recordOf(store, pickRun(typed, choice));
  }
  const [latest] = await listRuns(store);
  if (latest === undefined) throw noRuns(WHERE, 'Is it the right --store? Begin one with kt run PIPELINE.');
  return recordOf(store, latest.runId);
}
