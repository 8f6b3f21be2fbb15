/** What is told of a run while it is driven: events to its sink, and now and then its state file. */
import { omitUndefined } from '@kube-transform/sdk';
import { hasNothingToRun, jobState, jobStates, type RunState, type Transition } from '../core/index.js';
import type { Clock, EventSink, FileStore, ItemEvent, RunEvent, RunStatus } from '../ports/index.js';
import { manifestIsLost, readManifest } from '../run-store/job-manifest.js';
import type { RunRecord } from '../run-store/run-record.js';
import { readStateFile, stateFileOf, writeStateFile } from '../run-store/state-file.js';

const STATE_FILE_EVERY_MS = 1000;

/** An event without what all have. */
type Unstamped<T> = T extends unknown ? Omit<T, 'atMs' | 'runId'> : never;

/** Announces what happens to a run. */
export class RunAnnouncer {
  readonly #o: { store: FileStore; clock: Clock; sink: EventSink; record: RunRecord };
  readonly #state: RunState;
  /** Items of the jobs that have begun. */
  readonly #items = new Map<string, number>();
  readonly #startedMs: number;
  #stateFileMs = 0;

  constructor(
    options: { store: FileStore; clock: Clock; sink: EventSink; record: RunRecord },
    state: RunState,
  ) {
    this.#o = options;
    this.#state = state;
    this.#startedMs = options.clock.elapsedMs();
  }

  started(resumed: boolean): void {
    const { name: pipeline, jobs } = this.#o.record.pipeline;
    this.#publish({ type: 'RunStarted', pipeline, jobs: jobs.length, resumed });
  }

  /**
   * Reads the number of items of the jobs that an earlier process began.
   *
   * @throws KtError `BAD_RUN` where the manifest of one that succeeded is gone, and so its results.
   */
  async restoreItems(): Promise<void> {
    const { store, record } = this.#o;
    for (const { job, own } of jobStates(this.#state)) {
      if (own.state === 'waiting' || hasNothingToRun(job)) continue;
      const manifest = await readManifest(store, record.runId, job.name);
      if (manifest !== null) this.#items.set(job.name, manifest.items);
      else if (own.state === 'succeeded') throw manifestIsLost(record.runId, job.name);
    }
  }

  /** The items of a job are known; how many of them an earlier process has ended is told by `expanded`. */
  setItems(job: string, items: number): void {
    this.#items.set(job, items);
  }

  expanded(job: string, ended: { done: number; failed: number; skipped?: number; unkept?: number }): void {
    this.#publish({ type: 'JobExpanded', job, items: this.#items.get(job) ?? 0, ...ended });
  }

  itemEvent(event: ItemEvent, atMs: number): void {
    this.#publish(event, atMs);
  }

  changed({ job, from, to }: Transition): void {
    const own = jobState(this.#state, job)?.own;
    const cause = own?.state === 'failed' ? own.cause : undefined;
    const items = this.#items.get(job) ?? null;
    this.#publish({ type: 'JobStatusChanged', job, from, to, items, ...omitUndefined({ cause }) });
  }

  finished(status: RunStatus): void {
    this.#publish({ type: 'RunFinished', status, durationMs: this.#o.clock.elapsedMs() - this.#startedMs });
  }

  /** Whether an earlier process wrote that the run ended so. */
  async hasStated(status: RunStatus): Promise<boolean> {
    const { store, record } = this.#o;
    return (await readStateFile(store, record.runId))?.status === status;
  }

  /** Writes the state file: with a status at once, else at most once a second. */
  async writeState(status?: RunStatus): Promise<void> {
    const { store, record, clock } = this.#o;
    const elapsedMs = clock.elapsedMs();
    if (status === undefined && elapsedMs - this.#stateFileMs < STATE_FILE_EVERY_MS) return;
    this.#stateFileMs = elapsedMs;
    const now = { nowMs: clock.nowMs(), items: this.#items, ...omitUndefined({ status }) };
    await writeStateFile(store, stateFileOf(record, this.#state, now));
  }

  /**
   * Stamps an event and passes it on. The event is nobody else's: it is stamped in place, which is quicker.
   */
  #publish(event: Unstamped<RunEvent>, atMs = this.#o.clock.nowMs()): void {
    const stamped = event as RunEvent;
    stamped.atMs = atMs;
    stamped.runId = this.#o.record.runId;
    this.#o.sink.publish(stamped);
  }
}
