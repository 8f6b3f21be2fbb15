/*
 * The one loop: apply fact → append to journal → publish → decide → act.
 *
 * D1 A fact is in the journal before anyone hears of what it changed.
 * D2 Everything known comes from the journal and the store; a killed drive, driven again, ends the same.
 * D3 Acting twice is safe: manifests are written if absent, executors ignore what is done.
 * D4 The journal's appends are awaited in order, in batches: facts that come while one is stored go together.
 */
import type { FailureCause, KTJob } from '@kube-transform/sdk';
import {
  apply,
  createRunState,
  decide,
  type Fact,
  hasNothingToRun,
  isDone,
  type RunState,
  runStatus,
  type Transition,
  unfinished,
  jobState,
  jobStates,
} from '../core/index.js';
import { openJournal } from '../run-store/journal.js';
import { orderOf, readManifest } from '../run-store/job-manifest.js';
import { expandJob } from './expand-job.js';
import type {
  Clock,
  EventSink,
  Executor,
  FileStore,
  ItemEvent,
  RunEvent,
  RunStatus,
} from '../ports/index.js';
import { type ItemOutcome, readOutcomes } from '../run-store/item-results.js';
import type { RunRecord } from '../run-store/run-record.js';
import { readStateFile, stateFileOf, writeStateFile } from '../run-store/state-file.js';
import type { SegmentLog } from '../run-store/segment-log.js';

const SUMMARY_EVERY_MS = 1000;

/** What a drive needs. */
export interface DriveOptions {
  store: FileStore;
  executor: Executor;
  clock: Clock;
  sink: EventSink;
  record: RunRecord;
  resumed: boolean;
  /** Begin nothing more, let what runs end, and leave the run to be resumed. */
  drain: AbortSignal;
  /** Stop what runs, and leave the run to be resumed. */
  stop: AbortSignal;
  /** End the run: what runs is stopped, what waits is not begun, and it cannot be resumed. */
  cancel: AbortSignal;
  /**
   * Called after each batch of facts is stored, with the number of facts so far; for tests, which may throw
   * here.
   */
  onFacts: (count: number) => void;
}

/** How a drive ended. */
export interface DriveResult {
  status: RunStatus;
  state: RunState;
}

type Distribute<T> = T extends unknown ? Omit<T, 'atMs' | 'runId'> : never;

/** Drives a run until it ends, is drained or is stopped. Rejects where the store fails. */
export async function drive(options: DriveOptions): Promise<DriveResult> {
  return new Driver(options).run();
}

class Driver {
  readonly #o: DriveOptions;
  readonly #state: RunState;
  readonly #items = new Map<string, number>();
  #inbox: (Fact | ItemEvent)[] = [];
  readonly #startedMs: number;
  /** Jobs that are being handed to the executor. */
  readonly #beginning = new Set<string>();
  #facts = 0;
  #summaryMs = 0;
  #wake: (() => void) | undefined;
  #failure: { error: unknown } | undefined;
  #journal: SegmentLog<Fact> | undefined;
  readonly #closing = new AbortController();
  #listening: Promise<void> = Promise.resolve();

  constructor(options: DriveOptions) {
    this.#o = options;
    this.#state = createRunState(options.record.pipeline.jobs);
    this.#startedMs = options.clock.nowMs();
  }

  async run(): Promise<DriveResult> {
    const { record, store, executor, drain, stop, cancel } = this.#o;
    this.#publish({
      type: 'RunStarted',
      pipeline: record.pipeline.name,
      jobs: record.pipeline.jobs.length,
      resumed: this.#o.resumed,
    });
    this.#journal = await openJournal(store, record.runId, fact => void apply(this.#state, fact));
    const wake = (): void => this.#wake?.();
    for (const signal of [drain, stop, cancel]) signal.addEventListener('abort', wake);
    this.#listening = this.#listen();
    try {
      if (this.#o.resumed) await this.#recallItems();
      for (const name of unfinished(this.#state)) this.#submit(jobState(this.#state, name)?.job);
      const over =
        isDone(this.#state) && (await readStateFile(store, record.runId))?.status === runStatus(this.#state);
      if (!over) await this.#loop();
      if (!isDone(this.#state)) await this.#leave();
      return await this.#finish(over);
    } finally {
      this.#closing.abort();
      for (const signal of [drain, stop, cancel]) signal.removeEventListener('abort', wake);
      await executor[Symbol.asyncDispose]();
      await this.#listening;
    }
  }

  /** The number of items of the jobs that an earlier process began, for the summary. */
  async #recallItems(): Promise<void> {
    for (const { job, own } of jobStates(this.#state)) {
      if (own.state === 'waiting' || hasNothingToRun(job)) continue;
      const manifest = await readManifest(this.#o.store, this.#o.record.runId, job.name);
      if (manifest !== null) this.#items.set(job.name, manifest.items);
    }
  }

  /** Runs until the run is done or is to be left. */
  async #loop(): Promise<void> {
    const { drain, stop, cancel } = this.#o;
    if (!cancel.aborted) await this.#act([]);
    while (!isDone(this.#state) && !drain.aborted && !stop.aborted) {
      if (this.#failure !== undefined) throw this.#failure.error;
      if (cancel.aborted) return this.#cancel();
      if (this.#inbox.length === 0) await new Promise<void>(resolve => (this.#wake = resolve));
      this.#wake = undefined;
      await this.#take();
    }
  }

  /** Ends the run for good: the fact first, then what runs, and what is just being begun. */
  async #cancel(): Promise<void> {
    const running = new Set([...unfinished(this.#state), ...this.#beginning]);
    await this.#act([{ type: 'RunCancelled', reason: 'The run was cancelled.' }]);
    while (this.#beginning.size > 0) await new Promise<void>(resolve => (this.#wake = resolve));
    await Promise.all([...running].map(job => this.#o.executor.cancel(job)));
  }

  /**
   * Takes in what has come: item events are passed on, facts go through apply, journal, publish, decide, act.
   */
  async #take(): Promise<void> {
    const entries = this.#inbox;
    this.#inbox = [];
    const facts: Fact[] = [];
    const atMs = this.#o.clock.nowMs();
    for (const entry of entries) {
      if (isItemEvent(entry)) this.#publish(entry, atMs);
      else facts.push(entry);
    }
    if (facts.length > 0) await this.#act(facts);
  }

  async #act(facts: Fact[]): Promise<void> {
    let batch = facts;
    for (;;) {
      const transitions: Transition[] = [];
      const news = batch.filter(fact => {
        const caused = apply(this.#state, fact);
        for (const transition of caused) transitions.push(transition);
        return caused.length > 0;
      });
      if (news.length > 0) await this.#journal?.append(...news);
      this.#facts += batch.length;
      for (const transition of transitions) this.#announce(transition);
      await this.#summarise();
      if (batch.length > 0) this.#o.onFacts(this.#facts);
      batch = [];
      if (this.#o.drain.aborted || this.#o.stop.aborted) return;
      for (const action of decide(this.#state)) {
        if (action.type === 'complete') batch.push({ type: 'JobSucceeded', job: action.job });
        else if (action.type === 'submit') this.#submit(action.job);
      }
      if (batch.length === 0) return;
    }
  }

  /** Expands a job and hands it to the executor; what comes of it arrives as a fact. */
  #submit(job: KTJob | undefined): void {
    if (job === undefined || hasNothingToRun(job)) return;
    this.#beginning.add(job.name);
    this.#begin(job)
      .catch((error: unknown) => (this.#failure = { error }))
      .finally(() => {
        this.#beginning.delete(job.name);
        this.#wake?.();
      });
  }

  async #begin(job: KTJob): Promise<void> {
    const { store, executor, record } = this.#o;
    const expanded = await expandJob({
      store,
      runId: record.runId,
      pipeline: record.pipeline.name,
      job,
      itemsPerPod: (of, items) => executor.itemsPerPod(of, items),
    });
    if ('kind' in expanded) return this.#tell({ type: 'JobFailed', job: job.name, cause: expanded });
    this.#items.set(job.name, expanded.items);
    this.#tell({ type: 'JobSubmitted', job: job.name });
    if (expanded.items === 0) return this.#tell({ type: 'JobSucceeded', job: job.name });
    const outcomes = this.#o.resumed
      ? await readOutcomes(store, record.runId, job.name)
      : new Map<number, ItemOutcome>();
    const ended = [...outcomes.values()].filter(({ final }) => final);
    const failed = ended.filter(({ cause }) => cause !== undefined).length;
    this.#publish({
      type: 'JobExpanded',
      job: job.name,
      items: expanded.items,
      done: ended.length - failed,
      failed,
    });
    await executor.submit(orderOf(expanded));
  }

  #tell(...said: readonly (Fact | ItemEvent)[]): void {
    if (this.#inbox.length === 0) this.#inbox = [...said];
    else for (const entry of said) this.#inbox.push(entry);
    this.#wake?.();
  }

  async #listen(): Promise<void> {
    try {
      for await (const said of this.#o.executor.observe(this.#closing.signal)) this.#tell(...said);
    } catch (error) {
      this.#failure = { error };
      this.#wake?.();
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
    while (this.#inbox.length > 0) await this.#take();
  }

  /** `over`: the run had ended before, so its summary stays as it is. */
  async #finish(over: boolean): Promise<DriveResult> {
    const status: RunStatus = isDone(this.#state) ? runStatus(this.#state) : 'Interrupted';
    if (!over) await this.#summarise(status);
    this.#publish({ type: 'RunFinished', status, durationMs: this.#o.clock.nowMs() - this.#startedMs });
    return { status, state: this.#state };
  }

  async #summarise(status?: RunStatus): Promise<void> {
    const nowMs = this.#o.clock.nowMs();
    if (status === undefined && nowMs - this.#summaryMs < SUMMARY_EVERY_MS) return;
    this.#summaryMs = nowMs;
    const { store, record } = this.#o;
    await writeStateFile(
      store,
      stateFileOf(record, this.#state, {
        nowMs,
        items: this.#items,
        ...(status === undefined ? {} : { status }),
      }),
    );
  }

  #announce({ job, from, to }: Transition): void {
    const own = jobState(this.#state, job)?.own;
    const cause: FailureCause | undefined = own?.state === 'failed' ? own.cause : undefined;
    const items = this.#items.get(job) ?? null;
    this.#publish({
      type: 'JobStatusChanged',
      job,
      from,
      to,
      items,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  /** Stamps an event and passes it on. The event is nobody else's, so it is stamped in place. */
  #publish(event: Distribute<RunEvent>, atMs = this.#o.clock.nowMs()): void {
    const stamped = event as RunEvent;
    stamped.atMs = atMs;
    stamped.runId = this.#o.record.runId;
    this.#o.sink.publish(stamped);
  }
}

function isItemEvent(entry: Fact | ItemEvent): entry is ItemEvent {
  return entry.type.startsWith('Item') || entry.type === 'JobWaiting';
}
