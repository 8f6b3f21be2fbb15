/**
 * One attempt of one item: check the input, call, check the result. Nothing is thrown; a failure is a cause.
 */
import {
  type AnyFunction,
  copyJson,
  definitionOf,
  type FailureCause,
  isPipeline,
  issuePath,
  type Json,
  type KtContext,
  type Problem,
  receiverOf,
  type StandardSchema,
} from '@kube-transform/sdk';
import { shown, textOf } from '../parse/stored-value.js';
import { threw } from '../parse/thrown.js';
import type { Clock } from '../ports/index.js';

/** More that a schema finds wrong is left out. */
const MAX_PROBLEMS = 50;

/** What came of an attempt. */
export type Outcome = { ok: true; value: Json } | { ok: false; cause: FailureCause };

/** One call. */
export interface Call {
  fn: AnyFunction;
  args: Json;
  /** `abort` aborts its signal. */
  context: KtContext & { abort(reason: Error): void };
  /** Milliseconds, or null for none. */
  timeoutMs: number | null;
  clock: Clock;
  /** Told of the functions of a pipeline that is returned. */
  register: (functions: ReadonlyMap<string, AnyFunction>) => void;
}

/** Makes one attempt. */
export function invoke(call: Call): Promise<Outcome> {
  return call.timeoutMs === null ? attempt(call) : withDeadline(call, call.timeoutMs);
}

async function attempt({ fn, args, context, register }: Call): Promise<Outcome> {
  try {
    const options = definitionOf(fn)?.options;
    let input: unknown = args;
    if (options?.input !== undefined) {
      const checked = await check(options.input, args);
      if (!checked.ok) return invalidInput(context, args, checked.problems);
      input = checked.value;
    }
    const returned: unknown = await fn.call(receiverOf(fn), input, context);
    if (isPipeline(returned)) register(returned.functions());
    const result = stored(context, 'result', isPipeline(returned) ? returned.toSpec().jobs : returned);
    if (!result.ok || options?.output === undefined) return result;
    const checked = await check(options.output, result.value);
    if (checked.ok) return stored(context, `result that its "output" schema makes`, checked.value);
    const [first] = checked.problems;
    const message = `${itemOf(context)}: the result does not fit its "output" schema: ${first?.path ?? ''} ${first?.message ?? ''}`;
    return { ok: false, cause: { kind: 'InvalidResult', message, path: first?.path ?? '$' } };
  } catch (thrown) {
    return { ok: false, cause: threw(thrown) };
  }
}

/** What is stored of a result. */
function stored(context: KtContext, what: string, value: unknown): Outcome {
  const made = copyJson(value);
  if (made.ok) return made;
  const message = `${itemOf(context)}: the ${what} is ${made.reason} at ${made.path}, which JSON cannot hold. Return plain objects, arrays, texts, numbers, booleans and null.`;
  return { ok: false, cause: { kind: 'InvalidResult', message, path: made.path } };
}

async function withDeadline(call: Call, timeoutMs: number): Promise<Outcome> {
  const done = new AbortController();
  const deadline = call.clock.sleep(timeoutMs, done.signal).then(
    (): Outcome => {
      const message = `The attempt took longer than ${timeoutMs} ms.`;
      call.context.abort(new Error(message));
      return { ok: false, cause: { kind: 'DeadlineExceeded', message, timeoutMs } };
    },
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([attempt(call), deadline]);
  } finally {
    done.abort();
  }
}

async function check(
  schema: StandardSchema,
  value: unknown,
): Promise<{ ok: true; value: unknown } | { ok: false; problems: Problem[] }> {
  const answer = schema['~standard'].validate(value);
  // A promise of another realm is none of `instanceof`.
  const result = 'then' in answer ? await answer : answer;
  if (result.issues === undefined) return { ok: true, value: result.value };
  return {
    ok: false,
    problems: result.issues.slice(0, MAX_PROBLEMS).map(issue => ({
      code: 'INVALID',
      path: textOf(issuePath(issue)),
      message: textOf(issue.message),
    })),
  };
}

const itemOf = (context: KtContext): string => `Step "${context.job}", item ${context.index}`;

function invalidInput(context: KtContext, args: Json, problems: Problem[]): Outcome {
  const what = problems.map(p => `${p.path === '' ? 'the input' : p.path}: ${p.message}`).join('; ');
  const message = `${itemOf(context)}: the input does not fit the function's schema: ${textOf(what)}. Seen: ${shown(args, 200)}`;
  return { ok: false, cause: { kind: 'InvalidInput', message, problems } };
}
