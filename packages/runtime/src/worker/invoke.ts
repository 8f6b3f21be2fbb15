/**
 * One attempt of one item: check the input, call, check the result. Nothing is thrown; a failure is a cause.
 */
import {
  type AnyFunction,
  definitionOf,
  type FailureCause,
  findNonJson,
  isPermanent,
  isPipeline,
  issuePath,
  type Json,
  type KtContext,
  omitUndefined,
  type Problem,
  receiverOf,
  type StandardSchema,
} from '@kube-transform/sdk';
import type { Clock } from '../ports/index.js';

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
      if (!checked.ok)
        return {
          ok: false,
          cause: {
            kind: 'InvalidInput',
            message: inputMessage(context, args, checked.problems),
            problems: checked.problems,
          },
        };
      input = checked.value;
    }
    const returned: unknown = await fn.call(receiverOf(fn), input, context);
    if (isPipeline(returned)) register(returned.functions());
    const value = isPipeline(returned) ? (returned.toSpec().jobs ?? []) : returned;
    const bad = findNonJson(value);
    if (bad !== undefined) {
      const message = `Step "${context.job}", item ${context.index}: the result at ${bad.path} is ${bad.reason}, which JSON cannot hold. Return plain objects, arrays, texts, numbers, booleans and null.`;
      return { ok: false, cause: { kind: 'InvalidResult', message, path: bad.path } };
    }
    if (options?.output !== undefined) {
      const checked = await check(options.output, value);
      if (!checked.ok) {
        const first = checked.problems[0];
        const message = `Step "${context.job}", item ${context.index}: the result does not fit its "output" schema: ${first?.path ?? ''} ${first?.message ?? ''}`;
        return { ok: false, cause: { kind: 'InvalidResult', message, path: first?.path ?? '$' } };
      }
      return { ok: true, value: (checked.value ?? null) as Json };
    }
    return { ok: true, value: (value ?? null) as Json };
  } catch (thrown) {
    return { ok: false, cause: threw(thrown) };
  }
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
  const result = answer instanceof Promise ? await answer : answer;
  if (result.issues === undefined) return { ok: true, value: result.value };
  return {
    ok: false,
    problems: result.issues.map(issue => ({
      code: 'INVALID',
      path: issuePath(issue),
      message: issue.message,
    })),
  };
}

function inputMessage(context: KtContext, args: Json, problems: readonly Problem[]): string {
  const what = problems.map(p => `${p.path === '' ? 'the input' : p.path}: ${p.message}`).join('; ');
  return `Step "${context.job}", item ${context.index}: the input does not fit the function's schema: ${what}. Seen: ${JSON.stringify(args).slice(0, 200)}`;
}

/** The cause for something thrown by a user's function. */
export function threw(thrown: unknown): FailureCause {
  const error = thrown instanceof Error ? thrown : undefined;
  const message =
    error?.message ??
    (typeof thrown === 'string' ? thrown : `something that is no Error: ${JSON.stringify(thrown)}`);
  return {
    kind: 'Threw',
    name: error?.name ?? 'Error',
    message,
    ...omitUndefined({ stack: error?.stack }),
    ...(isPermanent(thrown) ? { permanent: true } : {}),
  };
}
