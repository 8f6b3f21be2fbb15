/** Refs as values: making them, and finding, reading and replacing them within arguments. */
import { KtError } from '../errors.js';
import { isObject, type Json } from '../json.js';
import type { Each, Ref, RefJson } from './ref-types.js';

const REF = Symbol.for('kube-transform.ref');
const PARTS = /^([^#]+)#((?:\/[^/]*)*)$/;

/** A key as JSON pointers write it. */
export const escapeKey = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
const unescapeKey = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~');

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
      if (key === REF) return json;
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
    has: (_target, key) => key === REF,
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

function isLive(value: object): value is { readonly [REF]: RefJson } {
  return REF in value;
}

/**
 * Reads a value as a ref: a live one of a callback, or `{ $ref: … }` of a document.
 *
 * @returns its serialised form, or undefined where the value is no ref.
 *
 * @example
 * ```ts
 * asRef({ $ref: 'list#/0' }); // → { $ref: 'list#/0' }
 * asRef({ $ref: '#/definitions/leaf' }); // → undefined
 * ```
 */
export function asRef(value: unknown): RefJson | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  if (isLive(value)) return value[REF];
  if (!('$ref' in value) || typeof value.$ref !== 'string' || Object.keys(value).length !== 1)
    return undefined;
  return PARTS.test(value.$ref) ? { $ref: value.$ref } : undefined;
}

/**
 * Splits a ref into its source and the keys of its pointer.
 *
 * @throws TypeError for what {@link asRef} would not have given.
 *
 * @example
 * ```ts
 * parseRef({ $ref: 'list#/0/files' }); // → { source: 'list', pointer: ['0', 'files'] }
 * ```
 */
export function parseRef(ref: RefJson): { source: string; pointer: string[] } {
  const match = PARTS.exec(ref.$ref);
  if (match === null) throw new TypeError(`Bug: bad ref ${ref.$ref}`);
  return { source: match[1] ?? '', pointer: (match[2] ?? '').split('/').slice(1).map(unescapeKey) };
}

/**
 * Copies a JSON-like value with every ref in it replaced by what `resolve` returns for it.
 *
 * Instances of classes are kept as they are.
 *
 * @example
 * ```ts
 * replaceRefs({ path: { $ref: 'list#/0' } }, () => 'a.csv'); // → { path: 'a.csv' }
 * ```
 */
export function replaceRefs(value: unknown, resolve: (ref: RefJson) => unknown): unknown {
  const ref = asRef(value);
  if (ref !== undefined) return resolve(ref);
  if (!isObject(value)) return value;
  if (Array.isArray(value)) return value.map(entry => replaceRefs(entry, resolve));
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, replaceRefs(entry, resolve)]));
}

/** A value with its refs as documents have them; that the rest is JSON is checked with the document. */
export const serialised = (value: unknown): Json => replaceRefs(value, ref => ref) as Json;

/**
 * Finds every source that a JSON-like value refers to.
 *
 * @param into a set to add them to.
 *
 * @example
 * ```ts
 * [...refSources({ path: { $ref: 'list#/0' }, dir: { $ref: 'params#/dir' } })]; // → ['list', 'params']
 * ```
 */
export function refSources(value: unknown, into = new Set<string>()): Set<string> {
  replaceRefs(value, ref => void into.add(parseRef(ref).source));
  return into;
}
