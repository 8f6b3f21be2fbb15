/** Drives a run of a store in this process: executor, lease, and what to say where the store fails. */
import type { Clock, FileStore, RunRecord, RunSummary } from '@kube-transform/runtime';
import {
  acquireLease,
  drive,
  type Executor,
  inProcessExecutor,
  localHost,
  placedExecutor,
  processPoolExecutor,
  runsContainers,
  systemClock,
  withinLog,
} from '@kube-transform/runtime/internal';
import { isKtError, KtError } from '@kube-transform/sdk';
import { availableParallelism } from 'node:os';
import { type LoadedPipeline, workerOf } from '../../pipeline/load-pipeline.js';
import type { DriveOptions, RunDriver, StartedRun } from '../backend.js';
import { refOf } from './find-runs.js';
import { readOutcome } from './read-run.js';
import { shellWord } from '../../terminal/plain-text.js';

/** What is to be driven. */
export interface Session {
  record: RunRecord;
  loaded: LoadedPipeline;
  store: FileStore;
  resumed: boolean;
}

const IN_PROCESS_ITEMS = 8;

/** A run that waits to be driven. */
export const startedRun = (session: Session, options: DriveOptions): StartedRun => ({
  run: refOf(session.record),
  drive: driver => driveRun(session, options, driver),
});

/** Drives a run until it has ended or is left; what it came to. */
async function driveRun(session: Session, options: DriveOptions, driver: RunDriver): Promise<RunSummary> {
  const { record, store, resumed } = session;
  const opened: AsyncDisposable[] = [];
  const { epoch, release } = await acquireLease(store, record.runId, { steal: options.steal ?? false });
  try {
    const { status } = await drive({
      store,
      record,
      clock: systemClock,
      ...driver,
      epoch,
      resumed,
      executor: await executorFor(session, options, opened),
      cancel: new AbortController().signal,
    });
    return await readOutcome(store, record, status);
  } catch (error) {
    if (!isKtError(error)) throw error;
    throw new KtError(withResumeHint(error.problems, record.runId), { cause: error });
  } finally {
    for (const one of opened) await one[Symbol.asyncDispose]();
    await release();
  }
}

/** Problems, the last of which says as well how to go on. */
function withResumeHint(problems: KtError['problems'], runId: string): KtError['problems'] {
  const resume = `What is done is kept; when this is mended: kt run --resume ${shellWord(runId)}`;
  return problems.map((problem, i) =>
    i < problems.length - 1 ? problem : { ...problem, hint: `${problem.hint ?? ''} ${resume}`.trim() },
  );
}

/** @param opened is given what is to be closed when the run is over. */
async function executorFor(
  { store, loaded, record }: Session,
  { executor, jobs }: DriveOptions,
  opened: AsyncDisposable[],
): Promise<Executor> {
  const clock: Clock = systemClock;
  const inProcess = (concurrency: number): Executor => {
    const local = localHost({ store, clock, catalog: loaded.catalog });
    opened.push(local);
    const host = { ...local, runnerOf: runsContainers(store), within: withinLog };
    return inProcessExecutor({ host, concurrency });
  };
  if (executor !== 'processes') return inProcess(jobs ?? IN_PROCESS_ITEMS);
  const { url, kind } = store.capabilities;
  if (url === null) {
    throw new KtError({
      code: 'STORE_NOT_SHARED',
      path: '--store',
      message: `Worker processes cannot open a "${kind}:" store of this process.`,
      hint: 'Use --executor in-process, or a store that is no memory: file:, s3:, gs: or az:.',
    });
  }
  const entry = await workerOf(loaded, url);
  if (entry === undefined) {
    throw new KtError({
      code: 'NO_FUNCTIONS',
      path: '--functions',
      message: 'Worker processes need functions.',
      hint: 'Give --functions MODULE, or use --executor in-process.',
    });
  }
  const workers = jobs ?? availableParallelism();
  const pool = processPoolExecutor({ entry, storeUrl: url, clock, workers });
  if (!record.pipeline.jobs.some(({ type }) => type === 'container' || type === 'dynamic')) return pool;
  // A container is a process already.
  return placedExecutor({
    pods: pool,
    beside: inProcess(workers),
    isBeside: ({ type }) => type === 'container',
  });
}
