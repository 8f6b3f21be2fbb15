/** An executor that does what a script says: for tests of the loop, without functions or time. */
import type { KTJob } from '@kube-transform/sdk';
import type { Fact } from '../core/events.js';
import { AsyncQueue } from '../streams/async-queue.js';
import type { Executor, ItemEvent, JobOrder } from '../ports/index.js';

/**
 * What is told of a job that is submitted; nothing: it runs for ever.
 *
 * @example
 * ```ts
 * const script: Script = ({ job }) => (job.name === 'load' ? [{ type: 'JobSucceeded', job: 'load' }] : []);
 * ```
 */
export type Script = (order: JobOrder) => readonly (Fact | ItemEvent)[];

/**
 * A scripted executor, and what has been asked of it.
 *
 * @example
 * ```ts
 * const asked = ({ submitted, cancelled }: ScriptedExecutor): number => submitted.length + cancelled.length;
 * ```
 */
export interface ScriptedExecutor extends Executor {
  /** Names of the jobs that were submitted, in order. */
  readonly submitted: string[];
  /** Names of the jobs that were cancelled, in order. */
  readonly cancelled: string[];
  /** Says something as if it had just happened. */
  say(...facts: (Fact | ItemEvent)[]): void;
}

/**
 * Makes an executor that answers each submit by a script: it runs no function and takes no time.
 *
 * @example
 * ```ts
 * const executor = scriptedExecutor(({ job }) => [{ type: 'JobSucceeded', job: job.name }]);
 * executor.submitted; // → []
 * ```
 */
export function scriptedExecutor(script: Script): ScriptedExecutor {
  const queue = new AsyncQueue<Fact | ItemEvent>();
  const submitted: string[] = [];
  const cancelled: string[] = [];
  const say = (...facts: (Fact | ItemEvent)[]): void => {
    for (const fact of facts) queue.push(fact);
  };
  return {
    capabilities: { name: 'scripted', isolation: 'none', hardTimeout: false, memoryLimit: false },
    submitted,
    cancelled,
    say,
    itemsPerPod: (_job: KTJob, items: number) => Math.max(1, items),
    submit: order => {
      submitted.push(order.job.name);
      for (const fact of script(order)) say(fact);
      return Promise.resolve();
    },
    observe: signal => queue.batches(signal),
    drain: () => Promise.resolve(),
    cancel: job => {
      cancelled.push(job);
      return Promise.resolve();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
