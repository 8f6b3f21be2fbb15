/*
 * Takes away what is damaged of a run, so that it can be resumed: each log is cut after its last whole
 * segment.
 *
 * RR1 What is taken away is copied first, below `repaired/` in the run's folder; nothing else is deleted.
 * - Of the journal goes also what says that a step has ended whose results are not all there, and all that
 *   came after: a resumed run finds out again, and repeats only items that have no result.
 */
import type { KtError } from '@kube-transform/sdk';
import { apply, createRunState, type Fact, hasNothingToRun, jobStates, runStatus } from '../core/index.js';
import { json } from '../parse/shapes.js';
import type { Clock, FileStore, RunStatus } from '../ports/index.js';
import { checkLog, type CheckedLog, isDamage } from '../run-store/check-log.js';
import { foldLine, type ItemOutcome, RESULT_LINE } from '../run-store/item-results.js';
import { type JobManifest, readItems, readManifest } from '../run-store/job-manifest.js';
import { FACT, openJournal } from '../run-store/journal.js';
import {
  itemsKey,
  jobKey,
  journalPrefix,
  logsPrefix,
  packsPrefix,
  resultsPrefix,
  runFolder,
  segmentName,
} from '../run-store/layout.js';
import { acquireLease } from '../run-store/lease.js';
import { listLogs } from '../run-store/read-log.js';
import type { RunRecord } from '../run-store/run-record.js';
import { stateFileOf, writeStateFile } from '../run-store/state-file.js';

/** What a repair takes away, and what follows. */
export interface Repair {
  /** The files that go, each with a reason. */
  cut: { file: string; why: string }[];
  /** Steps of which items have no result, or none any more: they are run when the run is resumed. */
  repeated: { job: string; items: number }[];
  /** Where the copies are; null where nothing was cut. */
  backup: string | null;
}

/** How a run is repaired. */
export interface RepairOptions {
  clock: Clock;
  /** Take nothing away, tell what would be. Default false. */
  dryRun?: boolean;
}

/** Repairs a run. @throws KtError `RUN_IS_DRIVEN` where somebody drives it. */
export async function repairRun(
  store: FileStore,
  record: RunRecord,
  { clock, dryRun = false }: RepairOptions,
): Promise<Repair> {
  const lease = await acquireLease(store, record.runId);
  try {
    const plan = await new RepairPlan(store, record).make();
    if (plan.cut.length === 0 || dryRun) return { ...plan, backup: null };
    const backup = `${runFolder(record.runId)}/repaired/${clock.nowMs()}/`;
    await takeAway(store, plan.cut, { from: `${runFolder(record.runId)}/`, to: backup });
    const state = createRunState(record.pipeline.jobs);
    const onFact = (fact: Fact): void => void apply(state, fact);
    await openJournal(store, record.runId, { onFact, epoch: lease.epoch });
    const stands = runStatus(state);
    const status: RunStatus = stands === 'Running' ? 'Interrupted' : stands;
    const now = { nowMs: clock.nowMs(), items: new Map<string, number>(), status };
    await writeStateFile(store, stateFileOf(record, state, now));
    return { ...plan, backup };
  } finally {
    await lease.release();
  }
}

/** Copies all, then deletes the last of each log first: whoever is stopped halfway leaves no gap. */
async function takeAway(
  store: FileStore,
  cut: Repair['cut'],
  { from, to }: { from: string; to: string },
): Promise<void> {
  for (const { file } of cut) await store.copy(file, to + file.slice(from.length));
  for (const { file } of [...cut].reverse()) await store.delete([file]);
}

const whyOf = (problem: KtError | null): string => problem?.problems[0]?.message ?? '';

class RepairPlan {
  readonly #store: FileStore;
  readonly #record: RunRecord;
  readonly #cut: Repair['cut'] = [];
  readonly #repeated: Repair['repeated'] = [];

  constructor(store: FileStore, record: RunRecord) {
    this.#store = store;
    this.#record = record;
  }

  async make(): Promise<Omit<Repair, 'backup'>> {
    const { runId, pipeline } = this.#record;
    const prefix = journalPrefix(runId);
    const state = createRunState(pipeline.jobs);
    const endedIn = new Map<string, number>();
    const listed = (await listLogs(this.#store, prefix)).get(prefix) ?? 0;
    const take = (fact: Fact, segment: number): void => {
      if (fact.type === 'JobSucceeded') endedIn.set(fact.job, segment);
      apply(state, fact);
    };
    const journal = await checkLog(this.#store, { log: prefix, listed }, { shape: FACT, take });
    let { good } = journal;
    let why = whyOf(journal.problem);
    for (const { job, own } of jobStates(state)) {
      if (own.state === 'waiting' || hasNothingToRun(job)) continue;
      const isWhole = await this.#job(job.name);
      const ended = endedIn.get(job.name);
      if (own.state !== 'succeeded' || isWhole || ended === undefined || ended > good) continue;
      good = ended - 1;
      why = `It says that step "${job.name}" has ended, or comes after that.`;
    }
    await this.#segments({ ...journal, good }, why);
    return { cut: this.#cut, repeated: this.#repeated };
  }

  /** What is to go of a job. False where it is to be begun again: something of it is missing. */
  async #job(name: string): Promise<boolean> {
    const { runId } = this.#record;
    const outcomes = new Map<number, ItemOutcome>();
    const before = this.#cut.length;
    const { manifest, hasItems } = await this.#manifest(name);
    for (const [log, listed] of await listLogs(this.#store, resultsPrefix(runId, name))) {
      const checked = await checkLog(
        this.#store,
        { log, listed },
        {
          shape: RESULT_LINE,
          take: line => outcomes.set(line.i, foldLine(outcomes.get(line.i), line)),
        },
      );
      await this.#segments(checked);
    }
    for (const [log, listed] of await listLogs(this.#store, logsPrefix(runId, name))) {
      const checked = await checkLog(this.#store, { log, listed }, { shape: json });
      await this.#segments(checked);
    }
    const items = manifest?.items ?? Math.max(1, outcomes.size);
    const done = [...outcomes].filter(([item, { final }]) => final && item < items).length;
    if (done < items) this.#repeated.push({ job: name, items: items - done });
    if (done < items || this.#cut.length > before) await this.#packs(name);
    return hasItems && done === items;
  }

  /** The manifest of a job; null where it is missing or is to go. Items that are not whole go too. */
  async #manifest(name: string): Promise<{ manifest: JobManifest | null; hasItems: boolean }> {
    const { runId } = this.#record;
    let manifest: JobManifest | null = null;
    try {
      manifest = await readManifest(this.#store, runId, name);
      if (manifest === null) return { manifest, hasItems: false };
      for (let pod = 0; pod * manifest.itemsPerPod < manifest.items; pod++)
        await readItems(this.#store, manifest, pod);
      return { manifest, hasItems: true };
    } catch (error) {
      if (!isDamage(error)) throw error;
      const file = manifest === null ? jobKey(runId, name) : itemsKey(runId, name);
      if ((await this.#store.head(file)) !== null) this.#cut.push({ file, why: whyOf(error) });
      return { manifest, hasItems: false };
    }
  }

  /** Copies of segments that are cut, or gone. */
  async #packs(job: string): Promise<void> {
    for await (const entry of this.#store.list(packsPrefix(this.#record.runId, job)))
      if (entry.type === 'object')
        this.#cut.push({ file: entry.object.key, why: 'It has copies of what is not whole.' });
  }

  /** The segments of a log after the last good one. */
  async #segments({ log, good, listed, problem }: CheckedLog, why = whyOf(problem)): Promise<void> {
    for (let number = good + 1; ; number++) {
      const file = log + segmentName(number);
      if ((await this.#store.head(file)) !== null) this.#cut.push({ file, why });
      else if (number > listed) return;
      why = 'It comes after what is cut.';
    }
  }
}
