/**
 * What an API server says, checked for what all who ask rely on: that it is an object with a name, or a list
 * of such. All else of an object is passed on as it is.
 */
import { pathTo, tryJson } from '../../parse/parse-json.js';
import {
  list,
  Mismatch,
  nullOr,
  number,
  object,
  optional,
  record,
  type Shape,
  table,
  text,
  words,
} from '../../parse/shapes.js';
import type { ApiStatus, KubeObject, ObjectMeta, WatchEvent } from './objects.js';

const texts = optional(table(text));
const META = {
  uid: optional(text),
  resourceVersion: optional(text),
  creationTimestamp: optional(nullOr(text)),
  deletionTimestamp: optional(text),
  labels: texts,
  annotations: texts,
};
const NAMED = record<{ metadata: Pick<ObjectMeta, 'name'> }>({
  metadata: record<Pick<ObjectMeta, 'name'>>({ name: text, ...META }),
});
/** Answers to questions, such as reviews, have no name. */
const ANSWER = record<object>({ metadata: optional(record({ name: optional(text), ...META })) });
const LIST = record<object>({
  metadata: record({ continue: optional(text), resourceVersion: optional(text) }),
  // Servers written in Go may send null for no items.
  items: optional(nullOr(list(NAMED))),
});
const BOOKMARK = record<object>({ metadata: record({ resourceVersion: optional(text) }) });

/** A refusal: proxies answer with other things, of which as much is taken as there is. */
const STATUS = record<ApiStatus>({
  kind: () => 'Status',
  code: optional(number),
  reason: optional(text),
  message: optional(words),
  details: optional(
    record<NonNullable<ApiStatus['details']>>({
      name: optional(text),
      group: optional(text),
      kind: optional(text),
      causes: optional(
        list(
          record<NonNullable<NonNullable<ApiStatus['details']>['causes']>[number]>({
            field: optional(text),
            message: optional(text),
            reason: optional(text),
          }),
        ),
      ),
      retryAfterSeconds: optional(number),
    }),
  ),
});

/** The value of an answer; null where it is empty. @throws Error with code `NOT_JSON` or `NOT_AN_OBJECT`. */
export function parseAnswer(body: string, isList: boolean): unknown {
  if (body === '' && !isList) return null;
  const value = jsonOf(body);
  const hasItems = typeof value === 'object' && value !== null && 'items' in value;
  return checked(value, isList || hasItems ? LIST : ANSWER);
}

/** A line of a watch. @throws Error as {@link parseAnswer}. */
export function parseWatchEvent<T extends KubeObject>(line: string): WatchEvent<T> {
  const value = jsonOf(line);
  const { type } = checked<{ type: string }>(value, record({ type: text, object }));
  const shape = type === 'ERROR' ? STATUS : type === 'BOOKMARK' ? BOOKMARK : NAMED;
  return checked<WatchEvent<T>>(value, record<object>({ object: shape }));
}

/** The Status in a body; undefined where there is none. */
export function statusIn(body: string): ApiStatus | undefined {
  try {
    return STATUS(tryJson(body));
  } catch {
    return undefined;
  }
}

function jsonOf(body: string): unknown {
  const value = tryJson(body);
  if (value === undefined)
    throw withCode('NOT_JSON', 'what came back is not JSON; is the address that of an API server?');
  return value;
}

/** The value itself, where it has a shape. */
function checked<T>(value: unknown, shape: Shape<object>): T {
  try {
    shape(value);
    return value as T;
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const at = pathTo(error);
    const where = at === '' ? '' : ` at ${at}`;
    throw withCode('NOT_AN_OBJECT', `what came back is no object of Kubernetes: ${error.message}${where}`);
  }
}

const withCode = (code: string, message: string): Error => Object.assign(new Error(message), { code });
