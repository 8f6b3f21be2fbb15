/*
 * One driven run, from the command line: reporter, executor, lease, Ctrl-C.
 *
 * SE1 The first Ctrl-C drains (what runs may end), the second stops; either way the run can be resumed.
 */
import {
  acquireLease,
  type Clock,
  drive,
  type Executor,
  type FileStore,
  inProcessExecutor,
  inProcessHost,
  processPoolExecutor,
  type RunRecord,
  type RunStatus,
  systemClock,
  withinLog,
} from '@kube-transform/runtime';
import { isKtError, KtError } from '@kube-transform/sdk';
import { availableParallelism } from 'node:os';
import { coloured, type Output } from '../../terminal/output.js';
import { type Reporter, reporterFor } from '../../terminal/reporters.js';
import type { Target } from '../../pipeline/load-pipeline.js';

/** Options that every command which drives a run has. */
export interface SessionOptions {
  executor: 'in-process' | 'processes';
  /** Processes, or items at once in-process. */
  jobs: number | undefined;
  json: boolean;
  steal: boolean;
}

/** What is to be driven. */
export interface Session {
  record: RunRecord;
  target: Target;
  store: FileStore;
  resumed: boolean;
  output: Output;
}

const IN_PROCESS_ITEMS = 8;

/** Drives a run to its end, or until Ctrl-C. */
export async function driveSession(session: Session, options: SessionOptions): Promise<RunStatus> {
  const { record, store, output } = session;
  const release = await acquireLease(store, record.runId, { steal: options.steal });
  const reporter = reporterFor(options.json, output);
  const interrupt = onInterrupt(reporter);
  try {
    const { status } = await drive({
      store,
      record,
      clock: systemClock,
      sink: reporter,
      resumed: session.resumed,
      executor: executorFor(session, options),
      drain: interrupt.drain,
      stop: interrupt.stop,
      cancel: new AbortController().signal,
      onFacts: () => undefined,
    });
    return status;
  } catch (error) {
    if (!isKtError(error)) throw error;
    const hint = `What is done is kept; when this is mended: kt run --resume ${record.runId}`;
    throw new KtError(
      [
        ...error.problems.slice(0, -1),
        ...error.problems
          .slice(-1)
          .map(problem => ({ ...problem, hint: `${problem.hint ?? ''} ${hint}`.trim() })),
      ],
      {
        cause: error,
      },
    );
  } finally {
    interrupt.dispose();
    reporter.close();
    await release();
  }
}

function executorFor({ store, target }: Session, options: SessionOptions): Executor {
  const clock: Clock = systemClock;
  if (options.executor === 'in-process') {
    const host = { ...inProcessHost({ store, clock, catalog: target.catalog }), within: withinLog };
    return inProcessExecutor({ host, concurrency: options.jobs ?? IN_PROCESS_ITEMS });
  }
  const { url, kind } = store.capabilities;
  if (url === null) {
    throw new KtError({
      code: 'STORE_NOT_SHARED',
      path: '--store',
      message: `Worker processes cannot open a "${kind}:" store of this process.`,
      hint: 'Use --executor in-process, or a file: store.',
    });
  }
  const entry = target.bundle?.worker;
  if (entry === undefined) {
    throw new KtError({
      code: 'NO_FUNCTIONS',
      path: '--functions',
      message: 'Worker processes need functions.',
      hint: 'Give --functions MODULE, or use --executor in-process.',
    });
  }
  return processPoolExecutor({
    entry,
    storeUrl: url,
    clock,
    workers: options.jobs ?? availableParallelism(),
  });
}

function onInterrupt(reporter: Reporter): { drain: AbortSignal; stop: AbortSignal; dispose: () => void } {
  const drain = new AbortController();
  const stop = new AbortController();
  const interrupt = (): void => {
    if (drain.signal.aborted) {
      stop.abort();
      return;
    }
    reporter.note(coloured('Interrupted', 'Stopping: what runs may end. Press Ctrl-C again to stop it now.'));
    drain.abort();
  };
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt);
  return {
    drain: drain.signal,
    stop: stop.signal,
    dispose: () => void process.off('SIGINT', interrupt).off('SIGTERM', interrupt),
  };
}
