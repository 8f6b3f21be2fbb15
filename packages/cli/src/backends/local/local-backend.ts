/** Runs of a store on this machine. What drives a run is a process here: the one that started it. */
import { type Clock, type FileStore, readFailedLogs, readLogs } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';
import { projectAround } from '../../project/project-dir.js';
import {
  type Cancelled,
  type CollectOptions,
  type Debugging,
  type DebugOptions,
  type Deleted,
  type FailedLog,
  HERE,
  type ListedRun,
  type LogLine,
  type LogOptions,
  type RetryOptions,
  type RunBackend,
  type RunRef,
  type RunSummary,
  type RunWatcher,
  type StartedRun,
} from '../backend.js';
import { findRun, listRuns, refOf } from './find-runs.js';
import { followHere, tailHere } from './follow-run.js';
import { readWhole } from './read-run.js';
import { recordOf } from './stored-run.js';

/** What a store's backend may be told. */
export interface LocalOptions {
  /** The folder that holds `.kt`, of which `collect` deletes bundles. Default: of the project around here. */
  projectDir?: string;
  /** Leave the store open when this is closed: it is somebody else's. Default false. */
  keepOpen?: boolean;
  /** When a run that is followed is looked at. */
  clock?: Clock;
}

/** The runs of a store. */
export class LocalBackend implements RunBackend {
  readonly name = HERE;
  readonly verb = 'kt run';
  readonly #store: FileStore;
  readonly #projectDir: string;
  readonly #keepOpen: boolean;
  readonly #clock: Clock;

  constructor(
    store: FileStore,
    { projectDir = projectAround(process.cwd()), keepOpen = false, clock = systemClock }: LocalOptions = {},
  ) {
    this.#store = store;
    this.#projectDir = projectDir;
    this.#keepOpen = keepOpen;
    this.#clock = clock;
  }

  async list(): Promise<ListedRun[]> {
    return (await listRuns(this.#store)).map(run => ({ ...run, where: HERE }));
  }

  async find(typed: string): Promise<RunRef> {
    return refOf(await findRun(this.#store, typed));
  }

  async read({ runId }: RunRef): Promise<RunSummary> {
    return readWhole(this.#store, await recordOf(this.#store, runId));
  }

  async follow({ runId }: RunRef, watcher: RunWatcher): Promise<RunSummary | null> {
    const record = await recordOf(this.#store, runId);
    return followHere({ store: this.#store, record, clock: this.#clock }, watcher);
  }

  async *logs({ runId }: RunRef, options: LogOptions = {}): AsyncGenerator<LogLine, void> {
    const { selector, previous = false, follow = false, signal } = options;
    const store = this.#store;
    const record = await recordOf(store, runId);
    const lines = follow
      ? tailHere({ store, record, clock: this.#clock }, selector, signal)
      : readLogs(store, record, { selector, previous });
    for await (const line of lines) {
      if (signal?.aborted === true) return;
      yield line;
    }
  }

  async *failedLogs(
    { runId }: RunRef,
    { selector, previous = false, signal }: LogOptions = {},
  ): AsyncGenerator<FailedLog, void> {
    const record = await recordOf(this.#store, runId);
    for await (const failed of readFailedLogs(this.#store, record, { selector, previous })) {
      if (signal?.aborted === true) return;
      yield failed;
    }
  }

  async cancel({ runId }: RunRef): Promise<Cancelled> {
    const { cancelHere } = await import('./cancel-run.js');
    await cancelHere(this.#store, await recordOf(this.#store, runId));
    return { pods: [], ended: true };
  }

  async retry({ runId }: RunRef, options: RetryOptions = {}): Promise<StartedRun> {
    const { retryHere } = await import('./retry-run.js');
    return retryHere(this.#store, await recordOf(this.#store, runId), options);
  }

  async debug({ runId }: RunRef, options: DebugOptions): Promise<Debugging> {
    const { debugHere } = await import('./debug-run.js');
    return debugHere(this.#store, await recordOf(this.#store, runId), options);
  }

  async collect(options: CollectOptions): Promise<Deleted[]> {
    const { collectHere } = await import('./collect-garbage.js');
    return collectHere(this.#store, { ...options, projectDir: this.#projectDir });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#keepOpen) await this.#store[Symbol.asyncDispose]();
  }
}
