/*
 * The one loop: apply fact → append to journal → publish → decide → act.
 *
 * D1 A fact is in the journal before anyone hears of what it changed.
 * D2 Everything known comes from the journal and the store; a killed drive, driven again, ends the same.
 * D3 Acting twice is safe: manifests are written if absent, executors ignore what is done.
 * - The journal's appends are awaited in order, in batches: facts that come while one is stored go together.
 */
import type { KTJob } from '@kube-transform/sdk';
import {
  apply,
  createRunState,
  decide,
  type Fact,
  forcedJobs,
  hasNothingToRun,
  isDone,
  isFact,
  jobState,
  type RunState,
  runStatus,
  type Transition,
  unfinished,
} from '../core/index.js';
import type { Clock, EventSink, Executor, FileStore, ItemEvent, RunStatus } from '../ports/index.js';
import { readOutcomes } from '../run-store/item-results.js';
import { orderOf } from '../run-store/job-manifest.js';
import { openJournal } from '../run-store/journal.js';
import type { RunRecord } from '../run-store/run-record.js';
import type { SegmentLog } from '../run-store/segment-log.js';
import { AsyncQueue } from '../streams/async-queue.js';
import { expandJob } from './expand-job.js';
import { unneededJobs } from './unneeded-jobs.js';
import { RunAnnouncer } from './run-announcer.js';

/** What a drive needs. */
export interface DriveOptions {
  store: FileStore;
  executor: Executor;
  clock: Clock;
  sink: EventSink;
  record: RunRecord;
  resumed: boolean;
  /** That of the lease under which it is driven. Default: one more than the journal has. */
  epoch?: number | undefined;
  /** Begin nothing more, let what runs end, and leave the run to be resumed. */
  drain: AbortSignal;
  /** Stop what runs, and leave the run to be resumed. */
  stop: AbortSignal;
  /** End the run: what runs is stopped, what waits is not begun, and it cannot be resumed. */
  cancel: AbortSignal;
}

/** How a drive ended. */
export interface DriveResult {
  status: RunStatus;
  state: RunState;
}

/**
 * Drives a run until it ends, is drained or is stopped. Rejects where the store fails.
 *
 * @throws KtError `BAD_RUN` where what is stored is damaged, `RUN_TAKEN_OVER` where another drives it now.
 */
export async function drive(options: DriveOptions): Promise<DriveResult> {
  return new Driver(options).run();
}

class Driver {
  readonly #o: DriveOptions;
  readonly #state: RunState;
  readonly #announcer: RunAnnouncer;
  /** What executors said; fails where one, or the beginning of a job, has failed. */
  readonly #inbox = new AsyncQueue<Fact | ItemEvent>();
  /** Jobs that are being handed to the executor. */
  readonly #beginning = new Map<string, Promise<void>>();
  #unneeded: Promise<ReadonlySet<string>> | undefined;
  /** The jobs that are forced, of so many that are known. */
  #forced: { of: number; names: ReadonlySet<string> } = { of: 0, names: new Set() };
  #journal: SegmentLog<Fact> | undefined;
  readonly #closing = new AbortController();
  #listening: Promise<void> = Promise.resolve();

  constructor(options: DriveOptions) {
    this.#o = options;
    this.#state = createRunState(options.record.pipeline.jobs);
    this.#announcer = new RunAnnouncer(options, this.#state);
  }

  async run(): Promise<DriveResult> {
    const { record, store, executor, drain, stop, cancel, resumed } = this.#o;
    this.#announcer.started(resumed);
    this.#journal = await openJournal(store, record.runId, {
      onFact: fact => void apply(this.#state, fact),
      epoch: this.#o.epoch ?? 'next',
    });
    const wake = (): void => this.#inbox.wake();
    for (const signal of [drain, stop, cancel]) signal.addEventListener('abort', wake);
    this.#listening = this.#listen();
    try {
      if (resumed) await this.#announcer.restoreItems();
      for (const name of unfinished(this.#state)) this.#submit(jobState(this.#state, name)?.job);
      const wasOver = isDone(this.#state) && (await this.#announcer.hasStated(runStatus(this.#state)));
      if (!wasOver) await this.#loop();
      if (!isDone(this.#state)) await this.#leave();
      const status = isDone(this.#state) ? runStatus(this.#state) : 'Interrupted';
      if (!wasOver) await this.#announcer.writeState(status);
      this.#announcer.finished(status);
      return { status, state: this.#state };
    } finally {
      this.#closing.abort();
      for (const signal of [drain, stop, cancel]) signal.removeEventListener('abort', wake);
      await executor[Symbol.asyncDispose]();
      await this.#listening;
    }
  }

  /** Runs until the run is done or is to be left. */
  async #loop(): Promise<void> {
    const { drain, stop, cancel } = this.#o;
    if (!cancel.aborted) await this.#act([]);
    while (!isDone(this.#state) && !drain.aborted && !stop.aborted) {
      if (cancel.aborted) return this.#cancel();
      await this.#take(await this.#inbox.next());
    }
  }

  /** Ends the run for good: the fact first, then what runs, and what is just being begun. */
  async #cancel(): Promise<void> {
    const running = new Set([...unfinished(this.#state), ...this.#beginning.keys()]);
    await this.#act([{ type: 'RunCancelled', reason: 'The run was cancelled.' }]);
    await Promise.all(this.#beginning.values());
    await Promise.all([...running].map(job => this.#o.executor.cancel(job)));
  }

  /** Takes in what has come: item events are passed on, then facts are acted on. */
  async #take(entries: readonly (Fact | ItemEvent)[]): Promise<void> {
    const facts: Fact[] = [];
    const atMs = this.#o.clock.nowMs();
    for (const entry of entries) {
      if (isFact(entry)) facts.push(entry);
      else this.#announcer.itemEvent(entry, atMs);
    }
    if (facts.length > 0) await this.#act(facts);
  }

  /**
   * Facts go through apply, journal, publish, decide, act; what acting completes at once goes round again.
   */
  async #act(facts: readonly Fact[]): Promise<void> {
    let batch: readonly Fact[] | null = facts;
    while (batch !== null) {
      const transitions: Transition[] = [];
      const news = batch.filter(fact => {
        const caused = apply(this.#state, fact);
        for (const transition of caused) transitions.push(transition);
        return caused.length > 0;
      });
      if (news.length > 0) await this.#journal?.appendAll(news);
      for (const transition of transitions) this.#announcer.changed(transition);
      await this.#announcer.writeState();
      batch = this.#o.drain.aborted || this.#o.stop.aborted ? null : this.#begin();
    }
  }

  /** Submits what is ready; the facts about jobs that have nothing to run, null where there are none. */
  #begin(): readonly Fact[] | null {
    const completed: Fact[] = [];
    for (const action of decide(this.#state)) {
      if (action.type === 'complete') completed.push({ type: 'JobSucceeded', job: action.job });
      else if (action.type === 'submit') this.#submit(action.job);
    }
    return completed.length === 0 ? null : completed;
  }

  /** Expands a job and hands it to the executor; what comes of it arrives as a fact. */
  #submit(job: KTJob | undefined): void {
    if (job === undefined || hasNothingToRun(job)) return;
    const begun = this.#expandAndSubmit(job).then(
      () => void this.#beginning.delete(job.name),
      (error: unknown) => {
        this.#beginning.delete(job.name);
        this.#inbox.fail(error);
      },
    );
    this.#beginning.set(job.name, begun);
  }

  async #expandAndSubmit(job: KTJob): Promise<void> {
    const { store, executor, record, resumed } = this.#o;
    const { runId } = record;
    const forced = this.#forcedJobs();
    const unneeded = await (this.#unneeded ??= unneededJobs(record.pipeline.jobs, { store, runId, forced }));
    const expanded = await expandJob({
      isUnneeded: unneeded.has(job.name),
      isForced: forced.has(job.name),
      store,
      runId,
      pipeline: record.pipeline.name,
      job,
      itemsPerPod: (of, items) => executor.itemsPerPod(of, items),
    });
    if ('kind' in expanded) return this.#inbox.push({ type: 'JobFailed', job: job.name, cause: expanded });
    this.#announcer.setItems(job.name, expanded.items);
    this.#inbox.push({ type: 'JobSubmitted', job: job.name });
    if (expanded.items === 0) return this.#inbox.push({ type: 'JobSucceeded', job: job.name });
    const outcomes = resumed ? [...(await readOutcomes(store, runId, job.name)).values()] : [];
    const ended = outcomes.filter(({ final }) => final);
    const failed = ended.filter(({ cause }) => cause !== undefined).length;
    const skipped = ended.filter(({ attempts }) => attempts === 0).length;
    const unkept = ended.filter(({ isUnkept }) => isUnkept).length;
    const done = ended.length - failed;
    this.#announcer.expanded(job.name, { done, failed, ...(skipped > 0 ? { skipped, unkept } : {}) });
    await executor.submit(orderOf(expanded));
  }

  /** Those that were named, what they spawned, and what comes after; found anew where jobs have joined. */
  #forcedJobs(): ReadonlySet<string> {
    const { forced = [] } = this.#o.record;
    const of = this.#state.jobs.length;
    if (forced.length > 0 && this.#forced.of !== of)
      this.#forced = { of, names: forcedJobs(this.#state, forced) };
    return this.#forced.names;
  }

  async #listen(): Promise<void> {
    try {
      for await (const said of this.#o.executor.observe(this.#closing.signal)) this.#inbox.pushAll(said);
    } catch (error) {
      this.#inbox.fail(error);
    }
  }

  /** Drains or stops the executor and takes in what it still has to say. */
  async #leave(): Promise<void> {
    const { executor, stop } = this.#o;
    const stopped = new Promise<void>(resolve => {
      if (stop.aborted) resolve();
      else stop.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([executor.drain(), stopped]);
    if (stop.aborted) await Promise.all(unfinished(this.#state).map(job => executor.cancel(job)));
    this.#closing.abort();
    await this.#listening;
    for (let said = this.#inbox.take(); said.length > 0; said = this.#inbox.take()) await this.#take(said);
  }
}
