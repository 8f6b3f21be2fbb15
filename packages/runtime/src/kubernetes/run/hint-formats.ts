/** What workers and a controller say of hints: a hint on the wire, and in the store where one is heard. */
import { Format } from '../../parse/format.js';
import { JOB } from '../../parse/stored-job.js';
import { count, nullOr, oneOf, optional, positive, record, text, yes } from '../../parse/shapes.js';
import type {
  Assignment,
  AssignmentRequest,
  Hint,
  HintAddress,
  JobOrder,
  WarmRequest,
} from '../../ports/index.js';

const HINTS = {
  code: 'BAD_HINT',
  hint: 'Hints only wake: without them a controller looks at the store by itself.',
};

/** The body of a request. */
export const HINT = new Format<Hint>({
  ...HINTS,
  name: 'hint',
  shape: record<Hint>({ job: text, pod: count, last: optional(count), segment: optional(text) }),
});

/** The body of a request for more to do, and of its answer. */
export const ASSIGNMENT_REQUEST = new Format<AssignmentRequest>({
  ...HINTS,
  name: 'request for more to do',
  shape: record<AssignmentRequest>({
    job: text,
    wave: positive,
    index: count,
    done: optional(
      record<NonNullable<AssignmentRequest['done']>>({ pod: count, last: count, segment: optional(text) }),
    ),
    begins: optional(oneOf('first', 'again')),
  }),
});
export const WARM_REQUEST = new Format<WarmRequest>({
  ...HINTS,
  name: 'request of a warm pod',
  shape: record<WarmRequest>({
    warm: text,
    index: count,
    uid: text,
    done: optional(
      record<NonNullable<WarmRequest['done']>>({
        ...{ job: text, pod: count, last: count, segment: optional(text) },
      }),
    ),
  }),
});
export const ASSIGNMENT = new Format<Assignment>({
  ...HINTS,
  name: 'assignment',
  shape: record<Assignment>({
    pod: nullOr(count),
    job: optional(text),
    isLater: optional(yes),
    step: optional(
      record<JobOrder>({
        ...{ runId: text, pipeline: text, job: JOB, items: count, itemsPerPod: positive },
        isForced: optional(yes),
      }),
    ),
    items: optional(text),
    isNew: optional(yes),
  }),
});

/** `controller.json` of a run. */
export const HINT_ADDRESS = new Format<HintAddress>({
  ...HINTS,
  name: 'address of a controller',
  shape: record<HintAddress>({ host: text, port: positive, token: text, epoch: optional(count) }),
});
