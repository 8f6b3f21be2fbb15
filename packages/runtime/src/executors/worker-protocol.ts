/** What a driver and its worker processes say to each other, as JSON over the process's own channel. */
import type { FailureCause } from '@kube-transform/sdk';
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
  | { type: 'broken'; message: string };

/** How a worker process ended that was not told to. */
export interface Crash {
  cause: FailureCause;
  /** Items that it had begun and not ended. */
  items: number[];
}
