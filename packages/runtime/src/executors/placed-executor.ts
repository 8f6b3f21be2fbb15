/** Has each job run by one of two executors. */
import type { KTJob } from '@kube-transform/sdk';
import type { Fact } from '../core/events.js';
import type { Executor, ItemEvent } from '../ports/index.js';
import { AsyncQueue } from '../streams/async-queue.js';

/** Jobs of which `isBeside` holds go to `beside`, all others to `pods`, whose name and abilities it has. */
export function placedExecutor({
  pods,
  beside,
  isBeside,
}: {
  pods: Executor;
  beside: Executor;
  isBeside: (job: KTJob) => boolean;
}): Executor {
  const both = [pods, beside];
  const placeOf = (job: KTJob): Executor => (isBeside(job) ? beside : pods);
  return {
    capabilities: pods.capabilities,
    itemsPerPod: (job, items) => placeOf(job).itemsPerPod(job, items),
    submit: order => placeOf(order.job).submit(order),
    async *observe(signal) {
      const all = new AsyncQueue<Fact | ItemEvent>();
      const ended = Promise.all(
        both.map(async executor => {
          for await (const batch of executor.observe(signal)) all.pushAll(batch);
        }),
      ).then(
        () => all.close(),
        (error: unknown) => all.fail(error),
      );
      yield* all.batches();
      await ended;
    },
    drain: async () => void (await Promise.all(both.map(executor => executor.drain()))),
    cancel: async job => void (await Promise.all(both.map(executor => executor.cancel(job)))),
    [Symbol.asyncDispose]: async () =>
      void (await Promise.all(both.map(executor => executor[Symbol.asyncDispose]()))),
  };
}
