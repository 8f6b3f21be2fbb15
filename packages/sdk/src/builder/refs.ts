/** Refs as the callbacks of steps have them: they stand for values that exist only when the pipeline runs. */
import { escapeKey, LIVE_REF, replaceRefs } from '../document/read-refs.js';
import type { RefJson } from '../document/spec.js';
import { KtError } from '../errors.js';
import type { Json } from '../json.js';
import type { Each, Ref } from './ref-types.js';

function misuse(path: string, did: string): KtError {
  return new KtError({
    code: 'REF_USED_AS_VALUE',
    path,
    message: `The ref "${path}" was ${did} while the pipeline was being built, but its value exists only when the pipeline runs.`,
    hint: 'Pass the ref on as it is and compute with the value inside a function.',
  });
}

function checkIndex(index: unknown, path: string): number {
  if (typeof index === 'number' && Number.isInteger(index) && index >= 0) return index;
  throw new KtError({
    code: 'BAD_INDEX',
    path,
    message: `The ref "${path}" was opened at ${String(index)}, but an index is a whole number of at least 0.`,
  });
}

type Callback = (item: Ref<unknown>, index: Ref<number>) => unknown;

/**
 * Makes a ref; internal to the builder. `called` is what it does where a field of its name is a method of
 * every ref.
 */
export function makeRef<T>(source: string, pointer = '', called?: (argument: never) => unknown): Ref<T> {
  const path = `${source}#${pointer}`;
  const json: RefJson = { $ref: path };
  const field = (key: string): unknown => {
    const below = `${pointer}/${escapeKey(key)}`;
    switch (key) {
      case 'each':
        return makeRef(source, below, (args: Callback) => each(json, args));
      case 'at':
        return makeRef(source, below, (index: unknown) =>
          makeRef(source, `${pointer}/${checkIndex(index, path)}`),
        );
      case 'toJSON':
        return makeRef(source, below, () => json);
      default:
        return makeRef(source, below);
    }
  };
  const ref: unknown = new Proxy((): void => undefined, {
    get(_target, key) {
      if (key === LIVE_REF) return json;
      if (key === Symbol.toPrimitive) {
        return () => {
          throw misuse(path, 'turned into text or a number');
        };
      }
      if (key === Symbol.iterator) throw misuse(path, 'iterated over');
      if (typeof key === 'symbol' || key === 'then') return undefined;
      return field(key);
    },
    apply(_target, _self, [argument]: [never]) {
      if (called !== undefined) return called(argument);
      throw misuse(path, 'called');
    },
    set() {
      throw misuse(path, 'assigned to');
    },
    deleteProperty() {
      throw misuse(path, 'deleted from');
    },
    has: (_target, key) => key === LIVE_REF,
    ownKeys() {
      throw misuse(path, 'spread or enumerated');
    },
  });
  return ref as Ref<T>;
}

/**
 * Says that a step maps over a list that is known when the pipeline is built, and with which arguments.
 *
 * For the result of an earlier step use `step.each(…)`.
 *
 * @example
 * ```ts
 * const load = ktFunction(async ({ year }: { year: number }) => ({ year, rows: 0 }));
 * export default pipeline('years').map('load', load, () => each([2024, 2025], year => ({ year })));
 * ```
 */
export function each<E, A>(
  items: readonly E[] | RefJson,
  args: (item: Ref<E>, index: Ref<number>) => A,
): Each<A, E> {
  return { items, args: args(makeRef<E>('item'), makeRef<number>('index')) };
}

/** A value with its refs as documents have them; that the rest is JSON is checked with the document. */
export const serialised = (value: unknown): Json => replaceRefs(value, ref => ref) as Json;
