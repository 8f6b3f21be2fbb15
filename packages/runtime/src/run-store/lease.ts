/*
 * Who drives a run: one process at a time.
 *
 * - The lease names host and process; a process that is gone on this host holds nothing.
 * - It keeps people from driving a run twice by mistake. It is no lock that correctness rests on: the journal
 *   and the results logs order two drivers all the same.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { KtError } from '@kube-transform/sdk';
import { Format } from '../parse/format.js';
import { count, nullOr, record, text } from '../parse/shapes.js';
import { leaseKey, RUN_FILE } from './layout.js';
import type { FileStore } from '../ports/index.js';
import { readDocument } from './read-document.js';

/** Who drives a run on this machine, as its store keeps it. */
export interface Lease {
  host: string;
  pid: number;
  /**
   * Start time of the process in clock ticks since boot, as /proc tells it; null elsewhere. Tells a reused
   * process id.
   */
  started: string | null;
}

const LEASE = new Format<Lease>({
  ...RUN_FILE,
  name: 'lease of a run',
  hint: 'Delete the file, if you know that nobody drives the run.',
  shape: record<Lease>({ host: text, pid: count, started: nullOr(text) }),
});

function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}

function isAlive({ pid, started }: Lease): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return started === null || startOf(pid) === started;
}

/** Who drives a run now; null where nobody does, as far as this host can tell. */
export async function leaseHolder(store: FileStore, runId: string): Promise<Lease | null> {
  const lease = await readDocument(store, leaseKey(runId), LEASE);
  return lease === null || (lease.host === hostname() && !isAlive(lease)) ? null : lease;
}

/**
 * Takes the lease of a run, and returns what gives it back.
 *
 * @throws KtError `RUN_IS_DRIVEN` where another process holds it.
 */
export async function acquireLease(
  store: FileStore,
  runId: string,
  options: { steal?: boolean } = {},
): Promise<() => Promise<void>> {
  const mine: Lease = { host: hostname(), pid: process.pid, started: startOf(process.pid) };
  const body = new TextEncoder().encode(LEASE.text(mine));
  for (;;) {
    if ((await store.put(leaseKey(runId), body, { ifAbsent: true })) !== null) break;
    const seen = await store.head(leaseKey(runId));
    const holder = options.steal === true ? null : await leaseHolder(store, runId);
    if (holder !== null) {
      throw new KtError({
        code: 'RUN_IS_DRIVEN',
        path: 'run',
        message: `Run "${runId}" is being driven by process ${holder.pid} on "${holder.host}".`,
        hint: 'Wait for it, stop it, or use --steal if you know that it is gone.',
      });
    }
    if (seen === null || (await store.put(leaseKey(runId), body, { ifMatch: seen.etag })) !== null) break;
  }
  return () => store.delete([leaseKey(runId)]);
}
