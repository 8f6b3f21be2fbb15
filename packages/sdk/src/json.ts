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
 * inside arrays; `-0` becomes 0. Refused beside what {@link IsJson} refuses: NaN, infinities, circles, more
 * than 500 levels, and matches of a regular expression that would lose their groups.
 *
 * @param path what the path of the answer begins with.
 * @returns path and reason, or undefined where the whole value survives.
 *
 * @example
 * ```ts
 * findNonJson({ rows: [1, Number.NaN] }); // → { path: '$.rows[1]', reason: 'NaN' }
 * findNonJson({ rows: [1, 2] }); // → undefined
 * ```
 */
export function findNonJson(value: unknown, path = '$'): { path: string; reason: string } | undefined {
  const made = copyJson(value, path);
  return made.ok ? undefined : { path: made.path, reason: made.reason };
}

/**
 * Copies a value as JSON keeps it, or finds the first part that would not survive, as {@link findNonJson}
 * does.
 *
 * Each part is read once: what the copy holds is what was checked, whatever getters and proxies answer next.
 *
 * @param path what the path of the answer begins with.
 *
 * @example
 * ```ts
 * copyJson({ at: 1, gone: undefined }); // → { ok: true, value: { at: 1 } }
 * copyJson({ at: new Date(0) }); // → { ok: false, path: '$.at', reason: 'an instance of Date' }
 * ```
 */
export function copyJson(
  value: unknown,
  path = '$',
): { ok: true; value: Json } | { ok: false; path: string; reason: string } {
  const made = copy(value, []);
  if (!(made instanceof Refused)) return { ok: true, value: made ?? null };
  return { ok: false, path: made.keys.reduceRight<string>(addKey, path), reason: made.reason };
}

/** What cannot be copied; its keys are collected on the way back, innermost first. */
class Refused {
  readonly reason: string;
  readonly keys: (string | number)[] = [];

  constructor(reason: string) {
    this.reason = reason;
  }

  below(key: string | number): this {
    this.keys.push(key);
    return this;
  }
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

/** Deeper values are refused: whoever walks them would run out of stack, each at a depth of its own. */
const MAX_DEPTH = 500;

function copy(value: unknown, above: object[]): Json | undefined | Refused {
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : new Refused(String(value));
    case 'object':
      return isObject(value) ? copyObject(value, above) : null;
    case 'bigint':
    case 'function':
    case 'symbol':
      return new Refused(`a ${typeof value}`);
  }
}

function copyObject(value: Record<PropertyKey, unknown>, above: object[]): Json | Refused {
  if (above.length >= MAX_DEPTH) return new Refused(`more than ${MAX_DEPTH} levels`);
  if (above.includes(value)) return new Refused('a circular reference');
  if (!Array.isArray(value) && !isPlain(value)) return new Refused(`an instance of ${classOf(value)}`);
  above.push(value);
  const made = Array.isArray(value) ? copyArray(value, above) : copyKeys(value, above);
  above.pop();
  return made;
}

/** Whether an object is one of no class, be it of another realm. */
function isPlain(value: object): boolean {
  const proto: unknown = Object.getPrototypeOf(value);
  return proto === null || proto === Object.prototype || Object.getPrototypeOf(proto) === null;
}

function classOf({ constructor }: Record<PropertyKey, unknown>): string {
  return typeof constructor === 'function' && typeof constructor.name === 'string' && constructor.name !== ''
    ? constructor.name
    : 'a class';
}

function copyArray(list: readonly unknown[], above: object[]): Json | Refused {
  if (Object.hasOwn(list, 'groups') && (list as { groups?: unknown }).groups !== undefined)
    return new Refused('a match of a regular expression, whose groups would be lost');
  const made: Json[] = [];
  for (let i = 0; i < list.length; i++) {
    const entry = copy(list[i], above);
    if (entry === undefined) return new Refused('undefined inside an array').below(i);
    if (entry instanceof Refused) return entry.below(i);
    made.push(entry);
  }
  return made;
}

function copyKeys(value: Record<PropertyKey, unknown>, above: object[]): Json | Refused {
  const made: Record<string, Json> = {};
  for (const key of Object.keys(value)) {
    const entry = copy(value[key], above);
    if (entry instanceof Refused) return entry.below(key);
    if (entry === undefined) continue;
    // A field of that name is data, and no prototype.
    if (key === '__proto__')
      Object.defineProperty(made, key, {
        value: entry,
        enumerable: true,
        configurable: true,
        writable: true,
      });
    else made[key] = entry;
  }
  return made;
}
