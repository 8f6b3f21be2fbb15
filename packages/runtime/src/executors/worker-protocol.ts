/** The messages between a driver and its worker processes: JSON over a channel of their own. */
import type { FailureCause } from '@kube-transform/sdk';
import { CAUSE } from '../parse/failure-cause.js';
import { Format } from '../parse/format.js';
import { count, list, positive, record, text, variant } from '../parse/shapes.js';
import type { ItemEvent } from '../ports/index.js';
import type { PodOutcome } from '../run-store/item-results.js';
import type { PodOrder } from '../worker/run-pod.js';

/** To the worker. */
export type ToWorker =
  | { type: 'pod'; order: PodOrder; concurrency: number }
  /** Begin no further item. */
  | { type: 'drain' }
  /** Abort what runs. */
  | { type: 'stop' };

/** From the worker. */
export type FromWorker =
  | { type: 'ready' }
  | { type: 'events'; events: ItemEvent[] }
  /** An item's function has returned; its result is not stored yet. */
  | { type: 'returned'; item: number }
  | { type: 'done'; outcome: PodOutcome }
  /** Nothing goes on any more, and items have not returned. */
  | { type: 'stuck' }
  | { type: 'broken'; message: string };

/** The descriptor of the channel in a worker process. */
export const CHANNEL_FD = 3;

/** How a worker process ended that was not told to. */
export interface Crash {
  cause: FailureCause;
  /** Items that it had begun and not ended. */
  items: number[];
}

/** What is said of a message that is none. */
export const WORKER_MESSAGE = {
  name: 'message between a driver and its worker',
  code: 'BAD_WORKER',
  hint: 'Make the bundle anew: kt bundle.',
} as const;

/** The shape of attempts that ended with the process that made them. */
export const CRASHED = list(record<PodOrder['crashed'][number]>({ item: count, cause: CAUSE }));

/** To the worker, which loads this; the other way is with the driver. */
export const TO_WORKER = new Format<ToWorker>({
  ...WORKER_MESSAGE,
  shape: variant<ToWorker, 'type'>('type', {
    pod: {
      order: record<PodOrder>({
        runId: text,
        job: text,
        pod: count,
        crashed: CRASHED,
      }),
      concurrency: positive,
    },
    drain: {},
    stop: {},
  }),
});
