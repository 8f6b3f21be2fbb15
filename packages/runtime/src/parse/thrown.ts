/** What was thrown, whatever it is, as the cause of a failure. Nothing here throws. */
import { type FailureCause, isKtError, isPermanent, omitUndefined } from '@kube-transform/sdk';
import { isError, isObject, quietly, shown, textOf } from './stored-value.js';

const MAX_NAME = 200;
const MAX_STACK = 16_000;
/** How far causes of causes are followed. */
const MAX_CAUSES = 5;
/** How many of the errors of an AggregateError are told. */
const MAX_ERRORS = 5;

/** Somebody's error, of whatever realm, or something that looks like one. */
interface ErrorLike {
  name?: unknown;
  message?: unknown;
  stack?: unknown;
  cause?: unknown;
  errors?: unknown;
}

/** The cause for something thrown by a user's function. */
export function threw(thrown: unknown): Extract<FailureCause, { kind: 'Threw' }> {
  const error = asError(thrown);
  const name = quietly(() => error?.name);
  return {
    kind: 'Threw',
    name: name === undefined || name === '' ? 'Error' : textOf(name, MAX_NAME),
    message: messageOf(thrown),
    ...omitUndefined({ stack: error === undefined ? undefined : stackOf(error) }),
    ...(quietly(() => isPermanent(thrown)) === true ? { permanent: true } : {}),
  };
}

/**
 * What is said of something that was thrown, with what caused it:
 * `query failed (caused by: connect ECONNREFUSED)`.
 */
export const messageOf = (thrown: unknown): string => sentenceOf(thrown, []);

function sentenceOf(thrown: unknown, above: readonly unknown[]): string {
  const error = asError(thrown);
  if (error === undefined)
    return typeof thrown === 'string' ? textOf(thrown) : `something that is no Error: ${looksOf(thrown)}`;
  const said = quietly(() => ({ message: error.message }));
  const own = said === undefined ? 'its message cannot be read' : textOf(said.message ?? '');
  const message =
    own === '' ? `${textOf(quietly(() => error.name) ?? 'Error', MAX_NAME)} without a message` : own;
  if (above.length >= MAX_CAUSES || above.includes(thrown) || quietly(() => isKtError(thrown)) === true)
    return message;
  const causes = causesOf(error)
    .map(cause => sentenceOf(cause, [...above, thrown]))
    .filter(cause => !message.includes(cause));
  if (causes.length === 0) return message;
  const more = causes.length > MAX_ERRORS ? `; and ${causes.length - MAX_ERRORS} more` : '';
  return textOf(`${message} (caused by: ${causes.slice(0, MAX_ERRORS).join('; ')}${more})`);
}

/** The stack, with those of what caused it below. */
function stackOf(error: ErrorLike, above: readonly ErrorLike[] = []): string | undefined {
  const stack = quietly(() => error.stack);
  if (typeof stack !== 'string') return undefined;
  if (above.length >= MAX_CAUSES || above.includes(error)) return stack;
  const below = causesOf(error)
    .slice(0, MAX_ERRORS)
    .map(cause => asError(cause))
    .map(cause => (cause === undefined ? undefined : stackOf(cause, [...above, error])))
    .filter(cause => cause !== undefined)
    .map(cause => `\ncaused by: ${cause}`);
  return textOf([stack, ...below].join(''), MAX_STACK);
}

/** `Error.cause`, and the errors of an AggregateError. */
function causesOf(error: ErrorLike): unknown[] {
  const cause = quietly(() => error.cause);
  const errors = quietly(() => (Array.isArray(error.errors) ? [...(error.errors as unknown[])] : [])) ?? [];
  return [...(cause === undefined || cause === null ? [] : [cause]), ...errors];
}

/** An Error, also of another realm, or a proxy of one. */
function asError(thrown: unknown): ErrorLike | undefined {
  if (!isObject(thrown)) return undefined;
  const looksSo = quietly(() => isError(thrown) || typeof thrown['message'] === 'string');
  return looksSo === true ? thrown : undefined;
}

/** `10n`, `Symbol(gone)`, `[object with status, request] {"status":503}`. */
function looksOf(thrown: unknown): string {
  if (!isObject(thrown) || quietly(() => Array.isArray(thrown)) === true) return textOf(thrown, 200);
  const keys = quietly(() => Object.keys(thrown));
  if (keys === undefined) return 'an object that cannot be read';
  if (keys.length === 0) return textOf(thrown, 200);
  return `[object with ${textOf(keys.slice(0, 10).join(', '), 200)}] ${shown(thrown, 200)}`;
}
