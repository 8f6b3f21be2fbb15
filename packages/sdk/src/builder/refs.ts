import { KtError } from '../errors.js';
import type { Json } from '../json.js';

/**
 * Where data comes from: a job's results (`#` and a JSON pointer into the array of its items' results), the
 * item at hand, a parameter.
 */
export interface RefJson {
  /** `<job>#/<pointer>`, `item#/<pointer>` within a map, `params#/<pointer>`, `index#`. */
  $ref: string;
}

const REF = Symbol.for('kube-transform.ref');
const PARTS = /^([^#]+)#((?:\/[^/]*)*)$/;

declare const refType: unique symbol;
declare const elementType: unique symbol;

/**
 * A value that exists only when the pipeline runs: it can be passed on, opened by field or index, and mapped
 * over, not computed with.
 */
export type Ref<T> = RefBase<T> &
  (0 extends 1 & T
    ? unknown
    : [T] extends [readonly (infer E)[]]
      ? RefArray<E>
      : [T] extends [object]
        ? { readonly [K in keyof T]-?: Ref<T[K]> }
        : unknown);

/** What every ref has: only its type. */
export interface RefBase<T> {
  readonly [refType]: T;
}

/** A ref to an array: can be indexed, and mapped over with `each`. */
export interface RefArray<E> {
  readonly [index: number]: Ref<E>;
  /** The element at an index from 0; as `list[0]`, but never `undefined` for the compiler. */
  at(index: number): Ref<E>;
  /** The arguments of one call for each element: `list.each(file => ({ file }))`. */
  each<A>(args: (item: Ref<E>, index: Ref<number>) => A): Each<A, E>;
}

/** One call for each element of `items`, with the arguments `args`. Made by `ref.each` and {@link each}. */
export interface Each<A, E = unknown> {
  readonly items: Json;
  readonly args: A;
  readonly [elementType]?: E;
}

/** A value or a ref to one, at any depth: what arguments may be made of. */
export type Arg<T> =
  | Ref<T>
  | (0 extends 1 & T
      ? unknown
      : T extends null | boolean | number | string | undefined
        ? T
        : T extends readonly (infer E)[]
          ? readonly Arg<E>[]
          : T extends object
            ? { readonly [K in keyof T]: Arg<T[K]> }
            : T);

const escape = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
const unescape = (key: string): string => key.replaceAll('~1', '/').replaceAll('~0', '~');

function misuse(path: string, did: string): KtError {
  return new KtError({
    code: 'REF_USED_AS_VALUE',
    path,
    message: `The ref "${path}" was ${did} while the pipeline was being built, but its value exists only when the pipeline runs.`,
    hint: 'Pass the ref on as it is and compute with the value inside a function.',
  });
}

function checkIndex(index: number, path: string): number {
  if (Number.isInteger(index) && index >= 0) return index;
  throw new KtError({
    code: 'BAD_INDEX',
    path,
    message: `The ref "${path}" was opened at ${String(index)}, but an index is a whole number of at least 0.`,
  });
}

/**
 * Makes the ref for a place; internal to the builder. `called` is what it does where a field of its name is a
 * method of every ref.
 */
export function makeRef<T>(source: string, pointer = '', called?: (args: never) => unknown): Ref<T> {
  const path = `${source}#${pointer}`;
  const json: RefJson = { $ref: path };
  const inner = (key: string): unknown => {
    const place = `${pointer}/${escape(key)}`;
    if (key === 'each')
      return makeRef(source, place, (args: (item: unknown, index: unknown) => unknown) =>
        each({ $ref: path }, args),
      );
    if (key === 'at')
      return makeRef(source, place, (index: number) =>
        makeRef(source, `${pointer}/${checkIndex(index, path)}`),
      );
    return key === 'toJSON' ? makeRef(source, place, () => json) : makeRef(source, place);
  };
  return new Proxy((): void => undefined, {
    get(_target, key) {
      if (key === REF) return json;
      if (key === Symbol.toPrimitive) {
        return () => {
          throw misuse(path, 'turned into text or a number');
        };
      }
      if (key === Symbol.iterator) throw misuse(path, 'iterated over');
      if (typeof key === 'symbol' || key === 'then') return undefined;
      return inner(key);
    },
    apply(_target, _self, [args]) {
      if (called !== undefined) return called(args as never);
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
  }) as unknown as Ref<T>;
}

/**
 * One call for each element of a list known when the pipeline is built: `each([2024, 2025], year => ({ year
 * }))`.
 *
 * For the result of an earlier step use `step.each(…)`.
 */
export function each<E, A>(
  items: readonly E[] | RefJson,
  args: (item: Ref<E>, index: Ref<number>) => A,
): Each<A, E> {
  return { items: items as unknown as Json, args: args(makeRef<E>('item'), makeRef<number>('index')) };
}

/** The serialised form of a ref, or undefined where the value is none. */
export function asRef(value: unknown): RefJson | undefined {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return undefined;
  if (REF in value) return (value as { [REF]: RefJson })[REF];
  const keys = Object.keys(value);
  const ref = (value as { $ref?: unknown }).$ref;
  return keys.length === 1 && typeof ref === 'string' && PARTS.test(ref) ? { $ref: ref } : undefined;
}

/** Splits `job#/0/a` into its source and its keys. */
export function parseRef(ref: RefJson): { source: string; pointer: string[] } {
  const match = PARTS.exec(ref.$ref);
  if (match === null) throw new TypeError(`Bug: bad ref ${ref.$ref}`);
  return { source: match[1] ?? '', pointer: (match[2] ?? '').split('/').slice(1).map(unescape) };
}

/** Replaces every ref within a JSON-like value by what `resolve` returns for it. */
export function replaceRefs(value: unknown, resolve: (ref: RefJson) => unknown): unknown {
  const ref = asRef(value);
  if (ref !== undefined) return resolve(ref);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(entry => replaceRefs(entry, resolve));
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== Object.prototype && proto !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, replaceRefs(entry, resolve)]));
}

/** Every source that a JSON-like value refers to. */
export function refSources(value: unknown, into = new Set<string>()): Set<string> {
  replaceRefs(value, ref => void into.add(parseRef(ref).source));
  return into;
}
