/** What the items of a run of a store print, as they print it. */
import { type FileStore, type LogLine, LogTail, type RunRecord, systemClock } from '@kube-transform/runtime';
import { viewRun } from './run-view.js';

const EVERY_MS = 500;

/** Prints lines as they are stored, until the run has ended or nobody drives it, or the signal. */
export async function tailLocal(
  store: FileStore,
  record: RunRecord,
  {
    selector,
    signal,
    print,
  }: { selector: string | undefined; signal: AbortSignal; print: (line: LogLine) => void },
): Promise<void> {
  const tail = new LogTail(store, record, selector);
  for (;;) {
    const { status } = await viewRun(store, record.runId, { counts: () => false });
    for (const line of await tail.next()) print(line);
    if (status !== 'Running') return;
    await systemClock.sleep(EVERY_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
  }
}
