/*
 * Who drives a run: one process at a time.
 *
 * - The lease names host and process; a process that is gone on this host holds nothing.
 * LS1 Each change of it is conditional: who gives it back leaves that of another alone, who was given it has
 *     it in the store. It is not deleted, because its epoch is to grow.
 * - It keeps people from driving a run twice by mistake. What keeps a driver that wakes late from writing is
 *   the journal, by the epoch.
 */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { isKtError, KtError } from '@kube-transform/sdk';
import { Format } from '../parse/format.js';
import { count, flag, nullOr, optional, record, text } from '../parse/shapes.js';
import { journalPrefix, leaseKey, RUN_FILE } from './layout.js';
import type { FileStore } from '../ports/index.js';
import { readDocument } from './read-document.js';
import { LogReader } from './read-log.js';

/** Who drives a run on this machine, as its store keeps it. */
export interface Lease {
  host: string;
  pid: number;
  /**
   * Start time of the process in clock ticks since boot, as /proc tells it; null elsewhere. Tells a reused
   * process id.
   */
  started: string | null;
  /** Grows with each driver. Those of kt 0.1.0 have none. */
  epoch?: number;
  /** It was given back. */
  released?: boolean;
}

const LEASE = new Format<Lease>({
  ...RUN_FILE,
  name: 'lease of a run',
  hint: 'Delete the file, if you know that nobody drives the run.',
  latest: 2,
  shape: record<Lease>({
    host: text,
    pid: count,
    started: nullOr(text),
    epoch: optional(count),
    released: optional(flag),
  }),
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
  const { lease } = await readLease(store, runId);
  return lease !== null && isHeld(lease) ? lease : null;
}

const isHeld = (lease: Lease): boolean =>
  lease.released !== true && (lease.host !== hostname() || isAlive(lease));

/** A lease that is held. */
export interface HeldLease {
  /** One more than that of whoever held it before. */
  readonly epoch: number;
  /** Gives it back, unless somebody has taken it over. */
  release(): Promise<void>;
}

/**
 * Takes the lease of a run.
 *
 * @throws KtError `RUN_IS_DRIVEN` where another process holds it.
 */
export async function acquireLease(
  store: FileStore,
  runId: string,
  options: { steal?: boolean } = {},
): Promise<HeldLease> {
  const mine = { host: hostname(), pid: process.pid, started: startOf(process.pid) };
  for (;;) {
    const { etag, lease } = await readLease(store, runId);
    if (lease !== null && isHeld(lease) && options.steal !== true) {
      throw new KtError({
        code: 'RUN_IS_DRIVEN',
        path: 'run',
        message: `Run "${runId}" is being driven by process ${lease.pid} on "${lease.host}".`,
        hint: 'Wait for it, stop it, or use --steal if you know that it is gone.',
      });
    }
    const epoch = (lease?.epoch ?? (await lastEpoch(store, runId))) + 1;
    const held = await putLease({ store, runId }, { ...mine, epoch }, etag);
    if (held === null) continue;
    return {
      epoch,
      release: async () => void (await putLease({ store, runId }, { ...mine, epoch, released: true }, held)),
    };
  }
}

/** Puts a lease in place of the one that was seen; null where that is no longer there. */
function putLease(
  { store, runId }: { store: FileStore; runId: string },
  lease: Lease,
  seen: string | null,
): Promise<string | null> {
  const condition = seen === null ? { ifAbsent: true } : { ifMatch: seen };
  return store.put(leaseKey(runId), new TextEncoder().encode(LEASE.text(lease)), condition);
}

/** The lease, and the etag of its object; no lease where the object is empty, which a power cut leaves. */
async function readLease(
  store: FileStore,
  runId: string,
): Promise<{ etag: string | null; lease: Lease | null }> {
  const key = leaseKey(runId);
  const seen = await store.head(key);
  if (seen === null || seen.size === 0) return { etag: seen?.etag ?? null, lease: null };
  return { etag: seen.etag, lease: await readDocument(store, key, LEASE) };
}

/** The epoch of a journal: what tells it where the lease is gone, or is of a kt that had none. */
async function lastEpoch(store: FileStore, runId: string): Promise<number> {
  const reader = new LogReader(store, journalPrefix(runId));
  try {
    while ((await reader.next()) !== null);
  } catch (error) {
    // Whoever opens it is told.
    if (!isKtError(error) || error.code !== 'BAD_RUN') throw error;
  }
  return reader.epoch;
}
