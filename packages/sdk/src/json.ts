/** Any value that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A JSON object. */
export type JsonObject = { [key: string]: Json };

/**
 * `true` where every part of `T` survives JSON, `false` (or `boolean`, for a union) where some part does not.
 *
 * Refused: functions, symbols, bigint, `undefined` inside arrays, Date, Map, Set and other classes with methods. `unknown` and `any`
 * pass, as does what lies deeper than eight levels: they are checked when the function has run.
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
 * Finds the first place where a value would not survive `JSON.stringify`, as path and reason; `undefined` when it survives whole.
 *
 * `undefined` is allowed as a property (JSON leaves it out) and as the whole value (it becomes null), not inside arrays.
 */
export function findNonJson(value: unknown, path = '$', above: readonly object[] = []): { path: string; reason: string } | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : { path, reason: `${value} is not a JSON number` };
    case 'undefined':
      return path.endsWith(']') ? { path, reason: 'undefined inside an array' } : undefined;
    case 'object':
      return value === null ? undefined : findInObject(value, path, above);
    default:
      return { path, reason: `a ${typeof value}` };
  }
}

function findInObject(value: object, path: string, above: readonly object[]): { path: string; reason: string } | undefined {
  if (above.includes(value)) return { path, reason: 'a circular reference' };
  const inside = [...above, value];
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const bad = findNonJson(value[i], `${path}[${i}]`, inside);
      if (bad) return bad;
    }
    return undefined;
  }
  const proto: unknown = Object.getPrototypeOf(value);
  if (proto !== null && proto !== Object.prototype && Object.getPrototypeOf(proto) !== null) {
    return { path, reason: `an instance of ${(value as { constructor?: { name?: string } }).constructor?.name ?? 'a class'}` };
  }
  for (const key of Object.keys(value)) {
    const bad = findNonJson((value as Record<string, unknown>)[key], `${path}.${key}`, inside);
    if (bad) return bad;
  }
  return undefined;
}
