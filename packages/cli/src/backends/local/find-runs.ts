/** Which runs a store has, and which one was meant. */
import { didYouMean, isKtError, KtError, type Problem } from '@kube-transform/sdk';
import {
  type FileStore,
  inBatches,
  newRunSummary,
  readRecord,
  readStateFile,
  runFolder,
  runsPrefix,
  type RunSummary,
  summaryOfState,
} from '@kube-transform/runtime';
import { withDriver } from './run-view.js';

const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** Names of all runs, in byte order. */
export async function runIds(store: FileStore): Promise<string[]> {
  const ids: string[] = [];
  for await (const entry of store.list(runsPrefix, { delimiter: '/' })) {
    if (entry.type === 'prefix') ids.push(entry.prefix.slice(runsPrefix.length, -1));
  }
  return ids;
}

/** All runs, the newest first, as their state files tell. */
export async function listRuns(store: FileStore): Promise<RunSummary[]> {
  const entries = await inBatches(await runIds(store), runId =>
    entryOf(store, runId).catch((error: unknown) => unreadable(runId, error)),
  );
  return entries
    .filter(entry => entry !== null)
    .sort((a, b) => b.createdMs - a.createdMs || (a.runId < b.runId ? 1 : -1));
}

/** What a list tells of a run; null where the folder holds none. */
async function entryOf(store: FileStore, runId: string): Promise<RunSummary | null> {
  const file = await readStateFile(store, runId);
  if (file !== null) return withDriver(store, summaryOfState(file));
  const record = await readRecord(store, runId);
  if (record === null) return null;
  const { pipeline, createdAtMs: createdMs, retryOf } = record;
  return withDriver(store, newRunSummary({ runId, pipeline: pipeline.name, createdMs, retryOf }));
}

const UNREADABLE: ReadonlySet<string> = new Set(['BAD_RUN', 'NEWER_FORMAT']);

/** A run that cannot be read stays in the list with the reason, so that it can be seen and deleted. */
function unreadable(runId: string, error: unknown): RunSummary {
  if (!isKtError(error) || !UNREADABLE.has(error.code)) throw error;
  const pipeline = error.code === 'NEWER_FORMAT' ? '(of a newer kt)' : '(unreadable)';
  const run = newRunSummary({ runId, pipeline, createdMs: 0, retryOf: null });
  return { ...run, status: 'Interrupted', problem: error.message };
}

/**
 * The run that was meant: its id, the beginning of its id, or `latest`.
 *
 * @throws KtError `NO_RUNS`, `UNKNOWN_RUN` with "did you mean", `AMBIGUOUS_RUN` with what there is.
 */
export async function findRun(store: FileStore, typed: string): Promise<{ runId: string }> {
  if (RUN_ID.test(typed) && (await store.head(`${runFolder(typed)}/spec.json`)) !== null)
    return { runId: typed };
  if (typed !== 'latest') return { runId: pickRun(await runIds(store), typed, 'in this store') };
  const [latest] = await listRuns(store);
  if (latest !== undefined) return latest;
  const hint = 'Is it the right --store? Begin one with kt run PIPELINE.';
  throw new KtError({ code: 'NO_RUNS', path: 'run', message: 'There are no runs in this store.', hint });
}

/**
 * The run whose id begins so. @throws KtError `UNKNOWN_RUN` with "did you mean", `AMBIGUOUS_RUN` with what
 * there is.
 */
export function pickRun(ids: readonly string[], typed: string, where: string): string {
  const refuse = (code: string, message: string, hint: string): KtError =>
    new KtError({ code, path: 'run', message, hint } satisfies Problem);
  if (ids.includes(typed)) return typed;
  const matches = typed === '' ? [] : ids.filter(id => id.startsWith(typed));
  const [only] = matches;
  if (only !== undefined && matches.length === 1) return only;
  if (matches.length > 1) {
    const shown = matches.slice(-5).join(', ');
    throw refuse(
      'AMBIGUOUS_RUN',
      `"${typed}" is the beginning of ${matches.length} runs.`,
      `Write more of it, or "latest". The last ones: ${shown}.`,
    );
  }
  const hint =
    didYouMean(typed.slice(0, 120), ['latest', ...[...ids].reverse()]) ??
    (ids.length > 0
      ? 'kt runs lists them.'
      : `There are no runs ${where}: is it the right ${where === 'in this store' ? '--store' : 'place'}?`);
  throw refuse('UNKNOWN_RUN', `There is no run "${typed.slice(0, 120)}" ${where}.`, hint);
}
