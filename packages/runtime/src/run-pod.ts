/*
 * A pod: runs a slice of a job's items, here, in a worker process or in Kubernetes alike.
 *
 * P1 What is done is not done again: the pod first reads its results log.
 * P2 A result is announced only when it is stored.
 * P3 A disruption (Evicted) costs no attempt, but has a cap of its own; attempts survive restarts, because they are in the log.
 * P4 Two pods of the same index may run at once: the log orders their lines, the first result counts.
 */
import { type FailureCause, parseDurationMs, RETRIED } from '@kube-transform/sdk';
import { ItemRunner, type PodHost } from './run-item.js';
import { logsPrefix, resultsPrefix } from './layout.js';
import { readItems, readManifest } from './job-manifest.js';
import { foldLine, type ItemOutcome, type ResultLine } from './results.js';
import { SegmentLog } from './segment-log.js';
import type { ItemEvent } from './ports.js';

const MAX_EVICTIONS = 10;
/** How long a lane keeps its place before others get a turn. */
const SLICE_MS = 20;
const LOG_PACE_MS = 500;

/** Which pod of which job. */
export interface PodOrder {
  runId: string;
  job: string;
  pod: number;
  /** Attempts that ended with the process that made them, to be put on record first. */
  crashed: readonly { item: number; cause: FailureCause }[];
}

/** What came of a pod's items. */
export interface PodOutcome {
  succeeded: number;
  failed: number;
  /** Items left undone because the pod was told to stop. */
  open: number;
  firstFailure: { item: number; cause: FailureCause } | null;
  /** Result of the pod's first item: what a dynamic job spawns. */
  result: unknown;
}

/** Runs a pod until its items are done or `host.signal` is aborted. Rejects only where the store fails. */
export async function runPod(order: PodOrder, host: PodHost): Promise<PodOutcome> {
  const manifest = await readManifest(host.store, order.runId, order.job);
  if (manifest === null) throw new TypeError(`Bug: job "${order.job}" of run ${order.runId} has no manifest`);
  const { job } = manifest;
  const outcomes = new Map<number, ItemOutcome>();
  const results = await SegmentLog.open<ResultLine>(host.store, resultsPrefix(order.runId, order.job, order.pod), {
    onValue: line => outcomes.set(line.i, foldLine(outcomes.get(line.i), line)),
  });
  const closing = new AbortController();
  const logs = await SegmentLog.open<object>(host.store, logsPrefix(order.runId, order.job, order.pod), {
    pace: () => host.clock.sleep(LOG_PACE_MS, closing.signal).catch(() => undefined),
  });
  const lines = await readItems(host.store, manifest, order.pod);
  const runner = new ItemRunner(manifest, host, logs);
  const first = order.pod * manifest.itemsPerPod;
  const evictions = new Map<number, number>();

  const record = async (item: number, cause: FailureCause): Promise<{ final: boolean; attempts: number }> => {
    const evicted = cause.kind === 'Evicted' ? (evictions.get(item) ?? 0) + 1 : 0;
    if (evicted > 0) evictions.set(item, evicted);
    const attempts = (outcomes.get(item)?.attempts ?? 0) + (evicted > 0 ? 0 : 1);
    const hopeless = !RETRIED[cause.kind] || (cause.kind === 'Threw' && cause.permanent === true) || evicted > MAX_EVICTIONS;
    const final = hopeless || attempts > job.retries;
    const line: ResultLine = { i: item, n: Math.max(1, attempts), c: cause, ...(final ? { x: true as const } : {}) };
    outcomes.set(item, foldLine(outcomes.get(item), line));
    await results.append(line);
    return { final, attempts };
  };
  const announceFailure = (item: number, attempts: number, cause: FailureCause): void => {
    host.emit({ type: 'ItemFailed', job: job.name, item, attempt: attempts, cause });
  };
  for (const { item, cause } of order.crashed) {
    if (outcomes.get(item)?.final === true) continue;
    const { final, attempts } = await record(item, cause);
    if (final) announceFailure(item, attempts, cause);
    else host.emit({ type: 'ItemRetrying', job: job.name, item, attempt: attempts, cause, delayMs: 0 });
  }

  const delayed: { offset: number; dueMs: number }[] = [];
  const work = async (offset: number): Promise<void> => {
    const item = first + offset;
    const attempt = (outcomes.get(item)?.attempts ?? 0) + 1;
    const outcome = await runner.run({ item, line: lines[offset] ?? '', attempt });
    if (outcome.ok) {
      const skipped = outcome.skipped === true;
      const stored: ResultLine = { i: item, n: skipped ? 0 : attempt, r: outcome.value };
      outcomes.set(item, foldLine(outcomes.get(item), stored));
      await results.append(stored);
      host.emit({ type: 'ItemSucceeded', job: job.name, item, attempt, skipped });
      return;
    }
    if (host.signal.aborted) return;
    const { cause } = outcome;
    const { final, attempts } = await record(item, cause);
    if (final) {
      announceFailure(item, attempts, cause);
      return;
    }
    const delayMs = cause.kind === 'Evicted' ? 0 : backoffMs(job.backoff, attempts);
    host.emit({ type: 'ItemRetrying', job: job.name, item, attempt: attempts, cause, delayMs });
    delayed.push({ offset, dueMs: host.clock.nowMs() + delayMs });
  };

  const todo = lines.flatMap((_, offset) => (outcomes.get(first + offset)?.final === true ? [] : [offset]));
  const stopping = (): boolean => host.signal.aborted || host.draining();
  let next = 0;
  const slice = async (): Promise<void> => {
    const untilMs = host.clock.nowMs() + SLICE_MS;
    do {
      const offset = todo[next++];
      if (offset === undefined || stopping()) return;
      await work(offset);
    } while (host.clock.nowMs() < untilMs);
  };
  /** One item at a time: first those not begun, then, when they are due, those to be tried again. */
  const lane = async (): Promise<void> => {
    while (!stopping()) {
      if (next < todo.length) await host.limit(slice);
      else {
        const again = delayed.shift();
        if (again === undefined) return;
        await host.pause(Math.max(0, again.dueMs - host.clock.nowMs()), host.signal).catch(() => undefined);
        if (!stopping()) await host.limit(() => work(again.offset));
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(todo.length, job.concurrency ?? host.lanes, host.lanes) }, lane));
  closing.abort();
  await runner.close();
  const broken = lanes.find(result => result.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  return tally(lines.length, first, outcomes);
}

/** `min(max, initial × factor^(attempts-1))`, in milliseconds. */
export function backoffMs(backoff: { initial: string; factor: number; max: string }, attempts: number): number {
  const initial = parseDurationMs(backoff.initial) ?? 1000;
  return Math.min(parseDurationMs(backoff.max) ?? 60_000, initial * backoff.factor ** (attempts - 1));
}

function tally(count: number, first: number, outcomes: Map<number, ItemOutcome>): PodOutcome {
  const outcome: PodOutcome = { succeeded: 0, failed: 0, open: 0, firstFailure: null, result: outcomes.get(first)?.result ?? null };
  for (let item = first; item < first + count; item++) {
    const known = outcomes.get(item);
    if (known?.final !== true) outcome.open++;
    else if (known.cause === undefined) outcome.succeeded++;
    else {
      outcome.failed++;
      outcome.firstFailure ??= { item, cause: known.cause };
    }
  }
  return outcome;
}

export type { ItemEvent, PodHost };
