/**
 * What users' code hands over, whatever it is, as JSON that can be stored and as words that can be shown.
 * Nothing here throws.
 */
import type { Json } from '@kube-transform/sdk';

/** What stands for a part that throws when it is read. */
const UNREADABLE = '[cannot be read]';
/** How deep a value is looked into. */
const MAX_DEPTH = 20;
/** How many parts of a value are kept. */
const MAX_PARTS = 20_000;
/** How many characters of all its texts are kept. */
const MAX_CHARACTERS = 1_000_000;

/**
 * A value as it can be stored: what JSON holds stays as it is, the rest is told as well as it can be.
 *
 * A BigInt is `10n`, a circle `[Circular]`, a Map its pairs, an Error its name, message, stack and fields.
 * What is very long is cut off, and says so.
 */
export function toStored(value: unknown): Json {
  return new Storing().value(value);
}

/** A value in a few words, cut off where it is long. */
export function shown(value: unknown, maxLength = 60): string {
  if (value === undefined) return 'nothing';
  return clipped(JSON.stringify(toStored(value)), maxLength);
}

/** Words of somebody else's, which should be text: what is none is told as it looks. */
export function textOf(value: unknown, maxLength = 10_000): string {
  if (typeof value === 'string') return clipped(value, maxLength);
  const stored = value === undefined ? 'undefined' : toStored(value);
  return clipped(typeof stored === 'string' ? stored : JSON.stringify(stored), maxLength);
}

/** What is read of somebody else's object; undefined where that throws. */
export function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Whether the keys of a value can be read; null and functions aside. */
export const isObject = (value: unknown): value is Record<PropertyKey, unknown> =>
  typeof value === 'object' && value !== null;

/** Whether an object is an Error, also one of another realm. */
export const isError = (value: object): boolean =>
  quietly(() => value instanceof Error || Object.prototype.toString.call(value) === '[object Error]') ===
  true;

const clipped = (text: string, maxLength: number): string =>
  text.length <= maxLength ? text : `${text.slice(0, maxLength - 1)}…`;

/** One value on its way into the store. */
class Storing {
  readonly #above: object[] = [];
  #parts = MAX_PARTS;
  #characters = MAX_CHARACTERS;

  value(value: unknown): Json {
    switch (typeof value) {
      case 'string':
        return this.#text(value);
      case 'boolean':
        return value;
      case 'number':
        return Number.isFinite(value) ? value : String(value);
      case 'bigint':
        return this.#text(`${value}n`);
      case 'undefined':
        return null;
      case 'symbol':
        return this.#text(String(value));
      case 'function':
        return `[function ${quietly(() => textOf(value.name, 100)) ?? ''}]`;
      case 'object':
        return isObject(value) ? this.#object(value) : null;
    }
  }

  #text(text: string): string {
    const room = Math.max(0, this.#characters);
    this.#characters -= text.length;
    return text.length <= room ? text : `${text.slice(0, room)}… (${text.length - room} more characters)`;
  }

  #object(value: Record<PropertyKey, unknown>): Json {
    if (this.#above.includes(value)) return '[Circular]';
    if (this.#above.length >= MAX_DEPTH) return '[…]';
    this.#above.push(value);
    const stored = quietly(() => this.#insideOf(value)) ?? UNREADABLE;
    this.#above.pop();
    return stored;
  }

  #insideOf(value: Record<PropertyKey, unknown>): Json {
    if (Array.isArray(value)) return this.#list(value);
    if (isError(value)) return this.#fields(value, ['name', 'message', 'stack', 'cause', 'errors']);
    if (value instanceof Map) return this.#list(Map.prototype.entries.call(value));
    if (value instanceof Set) return this.#list(Set.prototype.values.call(value));
    if (value instanceof RegExp) return this.#text(String(value));
    if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer)
      return `[${nameOf(value)} of ${value.byteLength} bytes]`;
    if (typeof value['toJSON'] === 'function') {
      const own = quietly(() => ({ value: (value['toJSON'] as () => unknown)() }));
      if (own !== undefined && own.value !== value) return this.value(own.value);
    }
    const fields = this.#fields(value);
    const isNothing = Object.keys(fields).length === 0;
    return isNothing && nameOf(value) !== 'Object' ? `[${nameOf(value)}]` : fields;
  }

  #list(values: Iterable<unknown>): Json[] {
    const list: Json[] = [];
    for (const value of values) {
      if (--this.#parts < 0) {
        list.push('…');
        break;
      }
      list.push(this.value(value));
    }
    return list;
  }

  /** The fields of an object: those named, which may be hidden, and all that are not. */
  #fields(value: Record<PropertyKey, unknown> | Error, named: readonly string[] = []): Record<string, Json> {
    const fields = new Map<string, Json>();
    for (const key of new Set([...named.filter(name => name in value), ...Object.keys(value)])) {
      if (--this.#parts < 0) {
        fields.set('…', '…');
        break;
      }
      const read = quietly(() => ({ value: (value as Record<string, unknown>)[key] }));
      if (read === undefined) fields.set(key, UNREADABLE);
      else if (read.value !== undefined) fields.set(key, this.value(read.value));
    }
    return Object.fromEntries(fields);
  }
}

/** The name of an object's class; `Object` where it has none. */
export function nameOf(value: object): string {
  const name = quietly(() => value.constructor.name as unknown);
  return typeof name === 'string' && name !== '' ? name : 'Object';
}
