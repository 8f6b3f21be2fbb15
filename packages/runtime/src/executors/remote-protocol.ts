/** The messages between an executor and the process that does its work: a line each. */
import type { Fact } from '../core/events.js';
import { Format } from '../parse/format.js';
import { count, list, optional, positive, record, text, variant, yes } from '../parse/shapes.js';
import { JOB } from '../parse/stored-job.js';
import type { ItemEvent, JobOrder } from '../ports/index.js';
import { FACT } from '../run-store/journal.js';
import type { PodOrder } from '../worker/run-pod.js';
import { ITEM_EVENT } from './worker-messages.js';
import { CRASHED } from './worker-protocol.js';

/** To the process that does the work. */
export type ToExecutor =
  /** Is answered by `ready`. */
  | { type: 'hello' }
  | { type: 'submit'; order: JobOrder; crashed: PodOrder['crashed'] }
  /** Each is answered by `ended`. */
  | { type: 'cancel'; id: number; job: string }
  | { type: 'drain'; id: number };

/** From it. */
export type FromExecutor =
  | { type: 'ready' }
  | { type: 'events'; events: readonly ItemEvent[] }
  | { type: 'facts'; facts: readonly Fact[] }
  | { type: 'ended'; id: number }
  /** Its store has failed. */
  | { type: 'failed'; message: string };

const MESSAGE = {
  name: 'message between a controller and the process beside it',
  code: 'BAD_EXECUTOR',
  hint: 'Make the bundle anew: kt bundle.',
} as const;

/** To the process that does the work. */
export const TO_EXECUTOR = new Format<ToExecutor>({
  ...MESSAGE,
  shape: variant<ToExecutor, 'type'>('type', {
    hello: {},
    submit: {
      order: record<JobOrder>({
        runId: text,
        pipeline: text,
        job: JOB,
        items: positive,
        itemsPerPod: positive,
        isForced: optional(yes),
      }),
      crashed: CRASHED,
    },
    cancel: { id: count, job: text },
    drain: { id: count },
  }),
});

/** From it. */
export const FROM_EXECUTOR = new Format<FromExecutor>({
  ...MESSAGE,
  shape: variant<FromExecutor, 'type'>('type', {
    ready: {},
    events: { events: list(ITEM_EVENT) },
    facts: { facts: list(FACT) },
    ended: { id: count },
    failed: { message: text },
  }),
});
