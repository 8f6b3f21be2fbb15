import type { RunStatus } from '@kube-transform/runtime';
import { printOutcome } from './print-outcome.js';
import { readOutcome, refOf } from '../backends/local/run-view.js';
import { driveSession, type Session, type SessionOptions } from '../backends/local/drive-run.js';

/** Drives a run and prints what it came to. */
export async function driveToEnd(session: Session, options: SessionOptions): Promise<RunStatus> {
  const status = await driveSession(session, options);
  if (options.json) return status;
  const { store, record, output } = session;
  printOutcome(await readOutcome(store, record, status), refOf(record), output);
  return status;
}
