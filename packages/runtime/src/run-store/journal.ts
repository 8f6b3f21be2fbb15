/** The journal of a run: the facts about it, in the order in which they were stored. */
import type { KTJob } from '@kube-transform/sdk';
import type { Fact } from '../core/events.js';
import { hasNothingToRun } from '../core/nothing-to-run.js';
import { CAUSE } from '../parse/failure-cause.js';
import { count, list, optional, text, variant } from '../parse/shapes.js';
import { JOB } from '../parse/stored-job.js';
import type { FileStore } from '../ports/index.js';
import { journalPrefix } from './layout.js';
import { readLog } from './read-log.js';
import { readRecord } from './run-record.js';
import { SegmentLog } from './segment-log.js';

/** The shape of a fact. */
export const FACT = variant<Fact, 'type'>('type', {
  JobSubmitted: { job: text },
  JobSucceeded: { job: text, spawned: optional(list(JOB)), failedItems: optional(count) },
  JobFailed: { job: text, cause: CAUSE },
  RunCancelled: { reason: text },
});

/** Reads the facts. @throws KtError `BAD_RUN` for a line that is none. */
export const readJournal = (store: FileStore, runId: string): AsyncGenerator<Fact> =>
  readLog(store, journalPrefix(runId), FACT);

/**
 * Opens a journal for appending; `onFact` is told those that are there. Whoever had it open appends nothing
 * more to it.
 *
 * @param epoch of the lease under which it is opened. Default: one more than the journal has.
 * @throws KtError `BAD_RUN` for a journal that is damaged, `RUN_TAKEN_OVER` where it has a newer epoch.
 */
export const openJournal = (
  store: FileStore,
  runId: string,
  {
    onFact = () => undefined,
    epoch = 'next',
  }: { onFact?: (fact: Fact) => void; epoch?: number | 'next' } = {},
): Promise<SegmentLog<Fact>> =>
  SegmentLog.open(store, journalPrefix(runId), { existing: { shape: FACT, onValue: onFact }, epoch });

/** Whether a job of a run has anything to run, and so a manifest when it has ended. */
export async function hasItemsToRun(store: FileStore, runId: string, name: string): Promise<boolean> {
  const isIt = (job: KTJob): boolean => job.name === name;
  let job = (await readRecord(store, runId))?.pipeline.jobs.find(isIt);
  if (job === undefined)
    for await (const fact of readJournal(store, runId))
      if (fact.type === 'JobSucceeded') job ??= fact.spawned?.find(isIt);
  return job !== undefined && !hasNothingToRun(job);
}
