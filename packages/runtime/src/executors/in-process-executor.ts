/*
 * Runs items in this process.
 *
 * - At most `concurrency` items are in flight over all jobs.
 * X2 A store that fails ends the observation, not the job: the run can be resumed when the store is well.
 * X3 What does not heed its signal is waited for a moment, and not at all where nothing goes on any more: a
 *    promise that can no longer settle holds nothing up.
 * - A job is submitted at most once; a second submit of the same job does nothing.
 */
import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import type { KTJob } from '@kube-transform/sdk';
import type { Fact } from '../core/events.js';
import { AsyncQueue } from '../streams/async-queue.js';
import type { Executor, ItemEvent, JobOrder } from '../ports/index.js';
import type { PodHost } from '../worker/pod-host.js';
import type { PodOutcome } from '../run-store/item-results.js';
import { untilQuiet } from '../process/until-quiet.js';
import { stopsJob } from '../worker/retry-policy.js';
import { runPod } from '../worker/run-pod.js';
import { EnvTurns } from './env-turns.js';
import { type Pacing, pacing } from './pacing.js';
import { addOutcome, settleJob } from './settle-job.js';

const STOP_GRACE_MS = 5000;
/** Results that may wait to be stored: many, because this process runs the items of all jobs. */
const AHEAD = 1000;
/** Pods of a job at once, where it does not say less: each has read its step, and holds what it is at. */
const PODS_AT_ONCE = 256;

/** Why a job waits for others, in the middle of a sentence. */
const OTHER_ENV = 'steps with another "env" are at work in this process (worker processes need not wait)';

/** What the in-process executor needs. */
export interface InProcessOptions {
  host: Omit<PodHost, keyof Pacing | 'returned' | 'draining' | 'signal' | 'emit'>;
  /** Items in flight at once, over all jobs. */
  concurrency: number;
  /** Whether anybody hears of items and of jobs that wait; default true. */
  isHeard?: boolean;
}

/**
 * An executor for tests and for small runs.
 *
 * No isolation: a function that never yields can be neither stopped nor timed out, and what functions change
 * of the process (its folder, its globals) is changed for all. Jobs with different `env` take turns.
 */
export function inProcessExecutor({ host, concurrency, isHeard = true }: InProcessOptions): Executor {
  const facts = new AsyncQueue<Fact | ItemEvent>();
  const paced = pacing(concurrency, AHEAD);
  const turns = new EnvTurns(process.env);
  const running = new Map<string, { stop: AbortController; done: Promise<void> }>();
  let draining = false;
  let grace: Promise<void> | undefined;
  const over = new AbortController();
  const tell = (event: ItemEvent): void => {
    if (isHeard) facts.push(event);
  };
  /** Waits for jobs that were stopped; the first that is begins the time for all. */
  const ended = async (jobs: Iterable<{ done: Promise<void> }>): Promise<void> => {
    grace ??= untilQuiet(STOP_GRACE_MS, over.signal);
    await Promise.race([Promise.all([...jobs].map(({ done }) => done)), grace]);
  };

  const runJob = async (order: JobOrder, stop: AbortController): Promise<void> => {
    const { job, items } = order;
    let failed = 0;
    const emit = (event: ItemEvent): void => {
      tell(event);
      if (event.type === 'ItemFailed' && stopsJob(job, { failed: ++failed, items }))
        stop.abort(new Error('failFast'));
    };
    const podHost: PodHost = {
      ...host,
      ...paced,
      emit,
      isQuiet: !isHeard,
      signal: stop.signal,
      returned: () => undefined,
      draining: () => draining,
    };
    const pods = Array.from({ length: Math.ceil(items / order.itemsPerPod) }, (_, pod) => pod);
    const limit = pLimit(Math.min(job.parallelism ?? PODS_AT_ONCE, PODS_AT_ONCE));
    const outcomes = await Promise.all(
      pods.map(pod => limit(() => runPod({ runId: order.runId, job: job.name, pod, crashed: [] }, podHost))),
    ).catch((error: unknown) => {
      limit.clearQueue();
      throw error;
    });
    const sum = outcomes.reduce<PodOutcome | undefined>(addOutcome, undefined);
    if (sum !== undefined && (sum.open === 0 || stopsJob(job, { failed: sum.failed, items })))
      facts.push(await settleJob(job, items, sum));
  };

  return {
    capabilities: { name: 'in-process', isolation: 'none', hardTimeout: false, memoryLimit: false },
    itemsPerPod: (_job: KTJob, items: number) => Math.max(1, items),
    submit: order => {
      const { name } = order.job;
      if (running.has(name)) return Promise.resolve();
      const stop = new AbortController();
      // Each pod whose items ask for their signal listens: that many at once are no leak.
      setMaxListeners(0, stop.signal);
      const onWait = (waits: boolean): void =>
        tell({ type: 'JobWaiting', job: name, message: waits ? OTHER_ENV : null });
      const done = turns
        .within(order.job.env, () => runJob(order, stop), onWait)
        .catch((error: unknown) => {
          facts.fail(error);
        });
      running.set(name, { stop, done });
      return Promise.resolve();
    },
    observe: signal => facts.batches(signal),
    drain: async () => {
      draining = true;
      await Promise.all([...running.values()].map(({ done }) => done));
    },
    cancel: async name => {
      const job = running.get(name);
      if (job === undefined) return;
      job.stop.abort(new Error('cancelled'));
      await ended([job]);
    },
    [Symbol.asyncDispose]: async () => {
      draining = true;
      for (const { stop } of running.values()) stop.abort(new Error('The run is being stopped.'));
      await ended(running.values());
      over.abort();
    },
  };
}
