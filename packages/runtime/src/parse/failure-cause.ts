/**
 * The shape of why a job or an item failed. Users' errors may have messages that are no text, and a run that
 * has such a failure is read all the same.
 */
import type { FailureCause, Problem } from '@kube-transform/sdk';
import {
  count,
  type Fields,
  flag,
  list,
  nullOr,
  number,
  optional,
  record,
  text,
  variant,
  words,
} from './shapes.js';

/** The shape of a problem. */
export const PROBLEM = record<Problem>({ code: text, message: words, path: text, hint: optional(text) });

type Plain = Exclude<FailureCause, { kind: 'ItemsFailed' }>;
type Kinds<T extends FailureCause> = { [K in T['kind']]: Fields<Omit<Extract<T, { kind: K }>, 'kind'>> };

const message = words;
const problems = list(PROBLEM);
const PLAIN: Kinds<Plain> = {
  Threw: { message, name: words, stack: optional(words), permanent: optional(flag) },
  Exited: { message, exitCode: nullOr(number), signal: nullOr(text), permanent: optional(flag) },
  OutOfMemory: { message, memory: text },
  DeadlineExceeded: { message, timeoutMs: number },
  Evicted: { message },
  NotStarted: { message, reason: text },
  InvalidInput: { message, problems },
  InvalidSpawn: { message, problems },
  InvalidResult: { message, path: text },
  UnknownFunction: { message, function: text },
  Cancelled: { message },
  Lost: { message },
};

/** The shape of a cause. That of a job whose items failed holds that of one item, and no other job's. */
export const CAUSE = variant<FailureCause, 'kind'>('kind', {
  ...PLAIN,
  ItemsFailed: {
    message,
    failed: count,
    total: count,
    first: variant<Plain, 'kind'>('kind', PLAIN),
    firstItem: count,
  },
});
