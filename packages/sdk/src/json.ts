/** What JSON can hold: the types of such values, and where another value would not survive. */

/**
 * Any value that JSON can hold: what parameters, arguments and results are made of.
 *
 * @example
 * ```ts
 * const result: Json = { path: 'out/2024.json', rows: [1, 2, null] };
 * ```
 */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/**
 * An object that JSON can hold: arguments of a function, parameters of a run.
 *
 * @example
 * ```ts
 * const params: JsonObject = { dir: 'data', year: 2024 };
 * ```
 */
export type JsonObject = { [key: string]: Json };

/** Whether a value is an object whose keys can be read; arrays are, null and functions are not. */
export function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}

/**
 * `true` where every part of `T` survives JSON, `false` (or `boolean`, for a union) where some part does not.
 *
 * Refused: functions, symbols, bigint, `undefined` inside arrays, Date, Map, Set and other classes with
 * methods. `unknown` and `any` pass, as does what lies deeper than eight levels: they are checked when the
 * function has run.
 *
 * @example
 * ```ts
 * const yes: IsJson<{ path: string; rows: number[] }> = true;
 * const no: IsJson<{ at: Date }> = false;
 * ```
 */
export type IsJson<T, Depth extends 0[] = []> = Depth['length'] extends 8
  ? true
  : 0 extends 1 & T
    ? true
    : unknown extends T
      ? true
      : T extends Json | undefined | void
        ? true
        : T extends bigint | symbol | ((...args: never[]) => unknown)
          ? false
          : T extends readonly (infer E)[]
            ? undefined extends E
              ? false
              : IsJson<E, [...Depth, 0]>
            : T extends object
              ? false extends { [K in keyof T]-?: IsJson<Exclude<T[K], undefined>, [...Depth, 0]> }[keyof T]
                ? false
                : true
              : false;

/**
 * Finds the first part of a value that would not survive `JSON.stringify`.
 *
 * `undefined` is allowed as a property (JSON leaves it out) and as the whole value (it becomes null), not
 * inside arrays. Refused beside what {@link IsJson} refuses: NaN, infinities, circles, more than 500 levels.
 *
 * @param path what the path of the answer begins with.
 * @returns path and reason, or undefined where the whole value survives.
 *
 * @example
 * ```ts
 * findNonJson({ rows: [1, Number.NaN] }); // → { path: '$.rows[1]', reason: 'NaN is not a JSON number' }
 * findNonJson({ rows: [1, 2] }); // → undefined
 * ```
 */
export function findNonJson(value: unknown, path = '$'): { path: string; reason: string } | undefined {
  const bad = find(value, []);
  return bad === undefined
    ? undefined
    : { path: bad.keys.reduceRight<string>(addKey, path), reason: bad.reason };
}

/** What was found; its keys are collected on the way back, innermost first. */
interface Found {
  reason: string;
  keys: (string | number)[];
}

/**
 * Adds a key to a path: `a.b`, `a[0]`, `a["b c"]`; a key of more than 60 characters is cut off.
 *
 * @example
 * ```ts
 * ['rows', 0, 'first name'].reduce<string>(addKey, '$'); // → '$.rows[0]["first name"]'
 * ```
 */
export function addKey(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  const shown = key.length > 60 ? `${key.slice(0, 57)}…` : key;
  return /^[\p{L}_$][\p{L}\p{N}_$-]*…?$/u.test(shown)
    ? `${path}.${shown}`
    : `${path}[${JSON.stringify(shown)}]`;
}

function find(value: unknown, above: object[]): Found | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : { reason: `${value} is not a JSON number`, keys: [] };
    case 'object':
      return isObject(value) ? findInObject(value, above) : undefined;
    case 'bigint':
    case 'function':
    case 'symbol':
      return { reason: `a ${typeof value}`, keys: [] };
  }
}

/** Deeper values are refused: whoever walks them would run out of stack, each at a depth of its own. */
const MAX_DEPTH = 500;

function findInObject(value: Record<PropertyKey, unknown>, above: object[]): Found | undefined {
  if (above.length >= MAX_DEPTH) return { reason: `more than ${MAX_DEPTH} levels`, keys: [] };
  if (above.includes(value)) return { reason: 'a circular reference', keys: [] };
  const proto: unknown = Object.getPrototypeOf(value);
  if (
    !Array.isArray(value) &&
    proto !== null &&
    proto !== Object.prototype &&
    Object.getPrototypeOf(proto) !== null
  ) {
    return {
      reason: `an instance of ${typeof value.constructor === 'function' ? value.constructor.name : 'a class'}`,
      keys: [],
    };
  }
  above.push(value);
  const bad = Array.isArray(value) ? findInArray(value, above) : findInKeys(value, above);
  above.pop();
  return bad;
}

function findInArray(list: readonly unknown[], above: object[]): Found | undefined {
  for (let i = 0; i < list.length; i++) {
    const bad =
      list[i] === undefined ? { reason: 'undefined inside an array', keys: [] } : find(list[i], above);
    if (bad !== undefined) return { ...bad, keys: [...bad.keys, i] };
  }
  return undefined;
}

function findInKeys(value: Record<PropertyKey, unknown>, above: object[]): Found | undefined {
  for (const key of Object.keys(value)) {
    const bad = find(value[key], above);
    if (bad !== undefined) return { ...bad, keys: [...bad.keys, key] };
  }
  return undefined;
}
