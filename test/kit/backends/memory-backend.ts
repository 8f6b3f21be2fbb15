/** A backend in memory, for tests of what stands on one: its runs are what a test says. */
import type { FailedLog, LogLine, RunSummary } from '@kube-transform/runtime';
import { countJobs, newJobProgress } from '@kube-transform/runtime/internal';
import { eventsBetween, isOver, newRunSummary, selectItems } from '@kube-transform/runtime/internal';
import {
  type Cancelled,
  type CancelOptions,
  type CollectOptions,
  type Debugging,
  type DebugOptions,
  type Deleted,
  HERE,
  type ListedRun,
  type LogOptions,
  type RetryOptions,
  type RunBackend,
  type RunDriver,
  type RunRef,
  type RunVerb,
  type RunWatcher,
  type StartedRun,
} from '../../../packages/cli/src/backends/backend.js';
import { noRuns, pickRun } from '../../../packages/cli/src/backends/pick-run.js';
import { nothingFailed, runIsOver, runNotEnded } from '../../../packages/cli/src/backends/refusals.js';
import { KtError } from '@kube-transform/sdk';

/** A run as a test gives it. */
export type GivenSummary = Partial<Omit<RunSummary, 'jobs'>> & {
  runId: string;
  jobs?: (Partial<RunSummary['jobs'][number]> & { name: string })[];
};

interface Run {
  summary: RunSummary;
  lines: LogLine[];
  failed: FailedLog[];
}

/** How the backend is. */
export interface MemoryOptions {
  name?: string;
  verb?: RunVerb;
  /** Drives a run that was started; without it runs go on by themselves. */
  drive?: (runId: string, driver: RunDriver) => Promise<void>;
  /** Names of pods that outlive a cancelled run. */
  pods?: string[];
}

export class MemoryBackend implements RunBackend {
  readonly name: string;
  readonly verb: RunVerb;
  /** What was asked for, and whether it was closed. */
  readonly asked: {
    retry?: RetryOptions;
    collect?: CollectOptions;
    cancel?: CancelOptions;
    closed: boolean;
  } = {
    closed: false,
  };
  readonly #options: MemoryOptions;
  readonly #runs = new Map<string, Run>();
  /** How often a run has changed. */
  #changes = 0;
  #onChange: (() => void)[] = [];

  constructor(options: MemoryOptions = {}) {
    this.#options = options;
    this.name = options.name ?? HERE;
    this.verb = options.verb ?? (this.name === HERE ? 'kt run' : 'kt submit');
  }

  /** Adds a run, created a second after the one before, and what it has printed; or changes it. */
  set(given: GivenSummary, logs: Partial<Omit<Run, 'summary'>> = {}): void {
    const { runId, jobs, ...more } = given;
    const createdMs = 1_700_000_000_000 + this.#runs.size * 1000;
    const old = this.#runs.get(runId);
    const before =
      old?.summary ??
      newRunSummary({ runId, pipeline: 'p', createdMs: given.createdMs ?? createdMs, retryOf: null });
    const summary: RunSummary = {
      ...before,
      ...(old === undefined ? { updatedMs: before.createdMs + 500 } : {}),
      ...(jobs === undefined ? {} : { jobs: jobs.map(job => ({ ...newJobProgress(job.name), ...job })) }),
      ...more,
    };
    if (given.counts === undefined) summary.counts = countJobs(summary.jobs);
    const lines = logs.lines ?? old?.lines ?? [];
    this.#runs.set(runId, { summary, lines, failed: logs.failed ?? old?.failed ?? [] });
    this.#changes++;
    for (const look of this.#onChange.splice(0)) look();
  }

  async list(): Promise<ListedRun[]> {
    return this.#newestFirst().map(({ summary }) => ({ ...summary, where: this.name }));
  }

  async find(typed: string): Promise<RunRef> {
    const runs = this.#newestFirst();
    const where = `in ${this.name}`;
    const ids = runs.map(({ summary }) => summary.runId).reverse();
    const runId = typed === 'latest' ? ids.at(-1) : pickRun(typed, { ids, where, hint: 'there never were.' });
    if (runId === undefined) throw noRuns(where, 'Begin one.');
    return this.#refOf(this.#get({ runId }));
  }

  async read(run: RunRef): Promise<RunSummary> {
    return this.#get(run).summary;
  }

  async follow(run: RunRef, { sink, note, signal }: RunWatcher): Promise<RunSummary | null> {
    let last: RunSummary | null = null;
    while (!signal.aborted) {
      const changes = this.#changes;
      const { summary } = this.#get(run);
      for (const event of eventsBetween(last, summary)) sink.publish(event);
      if (summary.trouble !== null && summary.trouble !== last?.trouble) note(summary.trouble);
      last = summary;
      if (summary.status !== 'Running') break;
      await this.#changeAfter(changes, signal);
    }
    return last;
  }

  async *logs(run: RunRef, { selector, previous = false, follow = false, signal }: LogOptions = {}) {
    const { runId } = run;
    const { jobs, item } = selectItems(this.#get(run).summary.jobs, { runId, selector });
    let seen = 0;
    while (signal?.aborted !== true) {
      const changes = this.#changes;
      const { lines, summary } = this.#get(run);
      const latest = new Map<string, number>();
      for (const { job, item: of, attempt } of lines)
        latest.set(`${job}/${of}`, Math.max(attempt, latest.get(`${job}/${of}`) ?? 0));
      for (const line of lines.slice(seen)) {
        const isOld = line.attempt < (latest.get(`${line.job}/${line.item}`) ?? 0);
        if (jobs.includes(line.job) && (item ?? line.item) === line.item && (!previous || isOld)) yield line;
      }
      seen = lines.length;
      if (!follow || summary.status !== 'Running') return;
      await this.#changeAfter(changes, signal);
    }
  }

  async *failedLogs(run: RunRef, { selector, previous = false }: LogOptions = {}) {
    const { failed, lines, summary } = this.#get(run);
    const { jobs, item } = selectItems(summary.jobs, { runId: run.runId, selector });
    for (const one of failed.filter(({ job, item: of }) => jobs.includes(job) && (item ?? of) === of)) {
      const own = lines.filter(line => line.job === one.job && line.item === one.item);
      yield { ...one, lines: own.filter(({ attempt }) => previous === attempt < one.attempts) };
    }
  }

  async cancel(run: RunRef, options: CancelOptions = {}): Promise<Cancelled> {
    this.asked.cancel = options;
    const { summary } = this.#get(run);
    if (isOver(summary) && summary.status !== 'Cancelled') throw runIsOver(run, summary.status);
    const pods = this.#options.pods ?? [];
    if (pods.length > 0) options.progress?.(`${pods.length} pods have still to end`);
    if (summary.status !== 'Cancelled') this.set({ ...summary, status: 'Cancelled' });
    return { pods, ended: true };
  }

  async retry(run: RunRef, options: RetryOptions = {}): Promise<StartedRun> {
    this.asked.retry = options;
    const { summary, lines, failed } = this.#get(run);
    if (summary.status === 'Running')
      throw new KtError({ code: 'RUN_IS_DRIVEN', path: 'run', message: 'It is driven.' });
    if (summary.status === 'Interrupted') throw runNotEnded(run);
    if (summary.status === 'Completed') throw nothingFailed(run);
    const runId = `${run.runId}-again`;
    const jobs = summary.jobs.map(job =>
      job.status === 'Completed'
        ? job
        : { ...job, status: 'Running' as const, failed: 0, retried: 0, cause: undefined },
    );
    const createdMs = summary.createdMs + 60_000;
    this.set({ runId, pipeline: summary.pipeline, retryOf: run.runId, createdMs, jobs });
    options.note?.(`${failed.length} of ${lines.length} are repeated`);
    const ref = this.#refOf(this.#get({ runId }));
    const { drive } = this.#options;
    if (drive === undefined)
      return { run: ref, submitted: { context: 'ctx', namespace: 'ns', digest: 'd1', isNew: true } };
    return {
      run: ref,
      drive: async driver => {
        const following = this.follow(ref, { sink: driver.sink, note: () => undefined, signal: driver.stop });
        await drive(runId, driver);
        await following;
        return this.#get(ref).summary;
      },
    };
  }

  debug({ runId }: RunRef, { selector }: DebugOptions): Promise<Debugging> {
    const { summary } = this.#get({ runId });
    selectItems(summary.jobs, { runId, selector });
    return Promise.resolve({ kind: 'process', script: 'worker.mjs', env: {} });
  }

  async collect(options: CollectOptions): Promise<Deleted[]> {
    this.asked.collect = options;
    const deleted: Deleted[] = [];
    for (const [i, { summary }] of this.#newestFirst().entries()) {
      const { runId, status, createdMs, updatedMs } = summary;
      const stays = status === 'Running' || (status === 'Interrupted' && !options.interrupted);
      if (i < options.keep || stays || options.nowMs - (updatedMs ?? createdMs) < options.olderThanMs)
        continue;
      if (!options.dryRun) this.#runs.delete(runId);
      deleted.push({ kind: 'run', name: runId, bytes: 1000, where: this.name });
    }
    return deleted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.asked.closed = true;
  }

  #get({ runId }: Pick<RunRef, 'runId'>): Run {
    const run = this.#runs.get(runId);
    if (run !== undefined) return run;
    throw new KtError({ code: 'UNKNOWN_RUN', path: 'run', message: `There is no run "${runId}".` });
  }

  #refOf({ summary: { runId, createdMs } }: Run): RunRef {
    return { runId, where: this.name, verb: this.verb, createdMs, source: null };
  }

  #newestFirst(): Run[] {
    return [...this.#runs.values()].sort((a, b) => b.summary.createdMs - a.summary.createdMs);
  }

  /** Resolves when a run has changed since then, or at the signal. */
  #changeAfter(changes: number, signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (this.#changes !== changes || signal?.aborted === true) resolve();
      this.#onChange.push(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }
}
