/** Follows a run of a store that another process drives: what happens in it, and what it prints. */
import type { Clock, FileStore, LogLine, RunRecord, RunSummary } from '@kube-transform/runtime';
import { eventsBetween, LogTail } from '@kube-transform/runtime/internal';
import type { RunWatcher } from '../backend.js';
import { readWhole, viewRun } from './read-run.js';

const EVERY_MS = 500;

/** A run of a store. */
interface Followed {
  store: FileStore;
  record: RunRecord;
  clock: Clock;
}

/** Tells what happens until the run has ended or nobody drives it, or the signal; the last that was seen. */
export async function followHere(
  { store, record, clock }: Followed,
  { sink, signal }: Pick<RunWatcher, 'sink' | 'signal'>,
): Promise<RunSummary | null> {
  let last: RunSummary | null = null;
  while (!signal.aborted) {
    const now = await readWhole(store, record);
    // What is stored of a run that goes on is older than what is known of it.
    const summary = now.status === 'Running' ? { ...now, updatedMs: clock.nowMs() } : now;
    for (const event of eventsBetween(last, summary)) sink.publish(event);
    last = summary;
    if (summary.status !== 'Running') break;
    await clock.sleep(EVERY_MS, signal).catch(() => undefined);
  }
  return last;
}

/** Lines as they are stored, until the run has ended or nobody drives it, or the signal. */
export async function* tailHere(
  { store, record, clock }: Followed,
  selector: string | undefined,
  signal?: AbortSignal,
): AsyncGenerator<LogLine, void> {
  const tail = new LogTail(store, record, selector);
  while (signal?.aborted !== true) {
    const { status } = await viewRun(store, record, { counts: () => false });
    yield* await tail.next();
    if (status !== 'Running') return;
    await clock.sleep(EVERY_MS, signal).catch(() => undefined);
  }
}
