/** Proves that what is stored of a run is whole, or tells which files are not. */
import type { Problem } from '@kube-transform/sdk';
import { apply, createRunState, hasNothingToRun, jobStates, runStatus } from '../core/index.js';
import type { Shape } from '../parse/shapes.js';
import type { FileStore, RunStatus } from '../ports/index.js';
import { checkLog, isDamage } from '../run-store/check-log.js';
import { RESULT_LINE, resultsOfPods } from '../run-store/item-results.js';
import { type JobManifest, manifestIsLost, readItems, readManifest } from '../run-store/job-manifest.js';
import { FACT } from '../run-store/journal.js';
import { journalPrefix, logsPrefix, resultsPrefix } from '../run-store/layout.js';
import { leaseHolder } from '../run-store/lease.js';
import { listLogs } from '../run-store/read-log.js';
import type { RunRecord } from '../run-store/run-record.js';
import { readStateFile } from '../run-store/state-file.js';
import { STORED_LINE } from './run-logs.js';

/** What was found of a run. */
export interface RunHealth {
  runId: string;
  /** As its journal tells, as far as that is whole. */
  status: RunStatus;
  facts: number;
  /** Lines of results: one for each attempt that ended. */
  results: number;
  /** One for each file that is damaged, cut off or missing; empty where the run is whole. */
  problems: Problem[];
}

/** Reads all that is stored of a run. Rejects only where the store fails, or a newer `kt` wrote the run. */
export async function verifyRun(store: FileStore, record: RunRecord): Promise<RunHealth> {
  return new Verification(store, record).run();
}

class Verification {
  readonly #store: FileStore;
  readonly #record: RunRecord;
  readonly #problems: Problem[] = [];

  constructor(store: FileStore, record: RunRecord) {
    this.#store = store;
    this.#record = record;
  }

  async run(): Promise<RunHealth> {
    const store = this.#store;
    const { runId, pipeline } = this.#record;
    const state = createRunState(pipeline.jobs);
    let facts = 0;
    await this.#logs(journalPrefix(runId), FACT, fact => {
      facts++;
      apply(state, fact);
    });
    await this.#look(() => leaseHolder(store, runId));
    await this.#look(() => readStateFile(store, runId));
    let results = 0;
    for (const { job, own } of jobStates(state)) {
      const before = this.#problems.length;
      const manifest = await this.#look(() => readManifest(store, runId, job.name));
      const hasEnded = own.state === 'succeeded' && !hasNothingToRun(job);
      if (manifest === null && hasEnded) this.#add(manifestIsLost(runId, job.name).problems);
      if (manifest === undefined || manifest === null) continue;
      await this.#look(() => this.#items(manifest));
      await this.#logs(resultsPrefix(runId, job.name), RESULT_LINE, () => results++);
      await this.#logs(logsPrefix(runId, job.name), STORED_LINE, () => undefined);
      if (hasEnded && this.#problems.length === before)
        await this.#look(() => resultsOfPods(store, manifest));
    }
    return { runId, status: runStatus(state), facts, results, problems: this.#problems };
  }

  /** The logs below a prefix: each up to its first damage. */
  async #logs<T>(prefix: string, shape: Shape<T>, take: (value: T) => void): Promise<void> {
    for (const [log, listed] of await listLogs(this.#store, prefix)) {
      const { problem } = await checkLog(this.#store, { log, listed }, { shape, take });
      this.#add(problem?.problems ?? []);
    }
  }

  async #items(manifest: JobManifest): Promise<void> {
    for (let pod = 0; pod * manifest.itemsPerPod < manifest.items; pod++)
      await readItems(this.#store, manifest, pod);
  }

  /** What is read; undefined where it is damaged, which is noted. */
  async #look<T>(read: () => Promise<T>): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#add(error.problems);
      return undefined;
    }
  }

  #add(problems: readonly Problem[]): void {
    for (const problem of problems) this.#problems.push(problem);
  }
}
