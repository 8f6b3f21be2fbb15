/*
 * A pod: runs a slice of a job's items, here, in a worker process or in Kubernetes alike.
 *
 * P1 What is done is not done again: the pod first reads its results log, unless it is known to have none.
 * P2 A result is announced only when it is stored.
 * P3 No item is begun while more than `host.ahead` results wait to be stored. An item that has returned is
 *    not to blame for a crash.
 * P4 Two pods of the same index may run at once: the log orders their lines, the first result counts.
 * P5 Where an item fails for good and the job is to stop at that, no further item of the pod begins.
 */
import type { FailureCause } from '@kube-transform/sdk';
import { logsPrefix } from '../run-store/layout.js';
import { givenItems, type ItemLine, type JobManifest, readItems } from '../run-store/job-manifest.js';
import type { JobOrder } from '../ports/index.js';
import type { AttemptOutcome, PodHost } from './pod-host.js';
import { ItemLedger } from './item-ledger.js';
import type { PodOutcome } from '../run-store/item-results.js';
import { ItemRunner } from './run-item.js';
import { SegmentLog } from '../run-store/segment-log.js';
import { stopsJob } from './retry-policy.js';

const LOG_PACE_MS = 500;
/** How long a lane goes on before others get a turn. */
const SLICE_MS = 20;

/** Which pod of which job. */
export interface PodOrder {
  runId: string;
  job: string;
  pod: number;
  /** Attempts that ended with the process that made them, to be put on record first. */
  crashed: readonly { item: number; cause: FailureCause }[];
}

/** What a pod was told of what is in the store, by who has read it. */
export interface PodKnowledge {
  /** The job, as its manifest has it. */
  step?: JobOrder | undefined;
  /** The pod's lines of `items.jsonl`. */
  items?: string | undefined;
  /** Nothing of the pod is in the store yet. */
  isNew?: boolean | undefined;
}

/** Runs a pod until its items are done or `host.signal` is aborted. Rejects only where the store fails. */
export async function runPod(order: PodOrder, host: PodHost, known: PodKnowledge = {}): Promise<PodOutcome> {
  const stored = async (): Promise<JobManifest> => {
    const manifest = await host.manifests(order.runId, order.job);
    if (manifest !== null) return manifest;
    throw new TypeError(`Bug: job "${order.job}" of run ${order.runId} has no manifest`);
  };
  const step = known.step ?? (await stored());
  const { job } = step;
  // The function is loaded while its items are read; what is wrong with it is told by the first item that
  // needs it.
  if (job.function !== null) void host.catalog.load(job.function).catch(() => undefined);
  const [ledger, items] = await Promise.all([
    ItemLedger.open(step, host, { pod: order.pod, isNew: known.isNew === true }),
    (known.items === undefined ? null : givenItems(step, order.pod, known.items)) ??
      stored().then(manifest => readItems(host.store, manifest, order.pod)),
  ]);
  for (const { item, cause } of order.crashed)
    if (!ledger.isDone(item)) ledger.fail(item, cause, { isAtOnce: true });
  const closing = new AbortController();
  const logs = once(() =>
    SegmentLog.open<object>(host.store, logsPrefix(order.runId, order.job, order.pod), {
      isNew: known.isNew === true,
      podName: host.podName,
      pace: () => host.clock.sleep(LOG_PACE_MS, closing.signal).catch(() => undefined),
    }),
  );
  const tried = new Set<number>();
  const runner = host.runnerOf?.(step, host, logs) ?? new ItemRunner(step, host, logs);
  const first = order.pod * step.itemsPerPod;
  const todo = [...items.all.keys()].filter(offset => !ledger.isDone(first + offset));
  const delayed: { offset: number; dueMs: number }[] = [];
  // Known here before it is stored, and long before anybody else can say so.
  const isEnough = (): boolean => stopsJob(job, { failed: ledger.failed, items: step.items });
  const stopping = (): boolean => host.signal.aborted || host.draining() || ledger.broken || isEnough();
  let next = 0;

  const attempt = (offset: number): Promise<AttemptOutcome> => {
    const item = first + offset;
    const line = tried.has(offset) ? items.anew(offset) : (items.all[offset] as ItemLine);
    return runner.run({ item, line, attempt: ledger.nextAttempt(item) });
  };
  /** Puts on record what came of an attempt; what to wait for before the next, if anything. */
  const took = (offset: number, outcome: AttemptOutcome): Promise<void> | undefined => {
    const item = first + offset;
    const freed = runner.ended(item);
    host.returned(item);
    if (outcome.ok) ledger.succeed(item, outcome);
    else if (!host.signal.aborted) {
      const delayMs = ledger.fail(item, outcome.cause);
      tried.add(offset);
      if (delayMs !== null) delayed.push({ offset, dueMs: host.clock.elapsedMs() + delayMs });
    }
    const room = ledger.waiting > host.ahead ? ledger.settled() : undefined;
    return freed === undefined ? room : freed.then(() => room);
  };
  const slice = async (): Promise<void> => {
    const untilMs = host.clock.elapsedMs() + SLICE_MS;
    do {
      const offset = todo[next++];
      if (offset === undefined || stopping()) return;
      const room = took(offset, await attempt(offset));
      if (room !== undefined) await room;
    } while (host.clock.elapsedMs() < untilMs);
  };
  /** One item at a time: first those not begun, then, when they are due, those to be tried again. */
  const lane = async (): Promise<void> => {
    while (!stopping()) {
      if (next < todo.length) await host.limit(slice);
      else {
        const again = delayed.shift();
        if (again === undefined) return;
        const waitMs = Math.max(0, again.dueMs - host.clock.elapsedMs());
        await host.pause(waitMs, host.signal).catch(() => undefined);
        if (!stopping()) await host.limit(async () => took(again.offset, await attempt(again.offset)));
      }
    }
  };
  const lanes = await Promise.allSettled(
    Array.from({ length: Math.min(todo.length, job.concurrency ?? host.lanes, host.lanes) }, lane),
  );
  closing.abort();
  await runner.close();
  await ledger.settled();
  const broken = lanes.find(result => result.status === 'rejected');
  if (broken !== undefined) throw broken.reason;
  return ledger.tally(items.all.length);
}

/** A value that is made when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}
