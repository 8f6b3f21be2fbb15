/** The messages of worker processes, as their driver hears them. */
import { CAUSE } from '../parse/failure-cause.js';
import { Format } from '../parse/format.js';
import { count, flag, list, nullOr, number, optional, record, text, variant, yes } from '../parse/shapes.js';
import type { ItemEvent } from '../ports/index.js';
import type { PodOutcome } from '../run-store/item-results.js';
import { type FromWorker, WORKER_MESSAGE } from './worker-protocol.js';

const attempt = { job: text, item: count, attempt: count };

/** What is told of an item. */
export const ITEM_EVENT = variant<ItemEvent, 'type'>('type', {
  ItemStarted: attempt,
  ItemSucceeded: { ...attempt, skipped: flag, unkept: optional(yes) },
  ItemRetrying: { ...attempt, cause: CAUSE, delayMs: number },
  ItemFailed: { ...attempt, cause: CAUSE, podName: optional(text) },
  JobWaiting: { job: text, message: nullOr(text) },
});

const OUTCOME = record<PodOutcome>({
  succeeded: count,
  failed: count,
  open: count,
  firstFailure: nullOr(record<NonNullable<PodOutcome['firstFailure']>>({ item: count, cause: CAUSE })),
  result: value => value,
  last: optional(count),
  segment: optional(text),
});

/** From the worker. */
export const FROM_WORKER = new Format<FromWorker>({
  ...WORKER_MESSAGE,
  shape: variant<FromWorker, 'type'>('type', {
    ready: {},
    events: { events: list(ITEM_EVENT) },
    returned: { item: count },
    done: { outcome: OUTCOME },
    stuck: {},
    broken: { message: text },
  }),
});
