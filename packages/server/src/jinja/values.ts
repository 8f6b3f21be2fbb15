/** The values that templates work with, and what Jinja holds of them. Pure. */
import type { Json } from '@kube-transform/sdk';
import { MissingValue, TemplateError } from './template-error.js';

/** A number that JavaScript would write otherwise: `1.0`, or more digits than it keeps. */
export class Digits {
  readonly text: string;
  readonly value: number;

  constructor(text: string, value = Number(text)) {
    this.text = text;
    this.value = value;
  }
}

/**
 * Text that knows more than its signs. `raw`: how the template wrote it, with a token for each value in it.
 * `value`: what it stands for where it is alone.
 */
export class Written {
  readonly text: string;
  readonly raw: string | undefined;
  readonly value: Value | undefined;

  constructor(text: string, known: { raw?: string; value?: Value }) {
    this.text = text;
    this.raw = known.raw;
    this.value = known.value;
  }
}

/** What is not there; to look into it, or to print it, is an error. */
export class Missing {
  readonly what: string;

  constructor(what: string) {
    this.what = what;
  }

  /** The error of who uses it. */
  get error(): TemplateError {
    return new MissingValue(`The template needs ${this.what}, which was not given.`);
  }
}

/** What an inline `if` without `else` gives: it prints as nothing. */
export class Nothing extends Missing {}

/** Arguments of a call. */
export interface Given {
  positional: Value[];
  named: Map<string, Value>;
}

/** What can be called: a macro, a method, a function. */
export class Callable {
  readonly call: (given: Given) => Value;

  constructor(call: (given: Given) => Value) {
    this.call = call;
  }
}

/** An object, whose members keep their order. */
export type Members = Map<string, Value>;
/** What `namespace()` makes: an object whose members can be set. */
export class Namespace extends Map<string, Value> {}

export type Value =
  string | number | boolean | null | Digits | Written | Missing | Callable | Value[] | Members;

/** A value without what it knows beside. @throws TemplateError where it is missing. */
export function plain(value: Value): Exclude<Value, Written | Missing> {
  if (value instanceof Nothing) return '';
  if (value instanceof Missing) throw value.error;
  return value instanceof Written ? value.text : value;
}

/** The number of a value; undefined where it is none. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  return value instanceof Digits ? value.value : undefined;
}

/** What Jinja takes for true. */
export function isTrue(given: Value): boolean {
  const value = plain(given);
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return value instanceof Digits ? value.value !== 0 : Boolean(value);
}

/** A value as text. */
export function textOf(given: Value): string {
  const value = plain(given);
  if (typeof value === 'string') return value;
  if (value instanceof Digits) return value.text;
  if (value instanceof Callable)
    throw new TemplateError('The template prints a function that it does not call.');
  return typeof value === 'object' && value !== null ? jsonText(value) : String(value);
}

/** A value as JSON, spaced as Python does; with `indent` over several lines. */
export function jsonText(given: Value, indent = 0, depth = 1): string {
  const value = plain(given);
  if (value instanceof Digits) return value.text;
  if (value instanceof Callable) throw new TemplateError('A function cannot be made JSON.');
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const parts = Array.isArray(value)
    ? value.map(one => jsonText(one, indent, depth + 1))
    : [...value].map(([key, one]) => `${JSON.stringify(key)}: ${jsonText(one, indent, depth + 1)}`);
  const ends = Array.isArray(value) ? (['[', ']'] as const) : (['{', '}'] as const);
  if (indent === 0 || parts.length === 0) return `${ends[0]}${parts.join(', ')}${ends[1]}`;
  const line = (level: number): string => `\n${' '.repeat(indent * level)}`;
  return `${ends[0]}${line(depth)}${parts.join(`,${line(depth)}`)}${line(depth - 1)}${ends[1]}`;
}

/** A value as JSON has it. Numbers with too many digits become text. */
export function jsonOf(given: Value): Json {
  const value = plain(given);
  if (value instanceof Digits)
    return Number.isSafeInteger(value.value) || /[.e]/i.test(value.text) ? value.value : value.text;
  if (value instanceof Callable) throw new TemplateError('A function cannot be printed.');
  if (Array.isArray(value)) return value.map(jsonOf);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [key, jsonOf(one)]));
  return value;
}

/** Whether two values are the same, as `==` has it. */
export function isEqual(left: Value, right: Value): boolean {
  const [a, b] = [plain(left), plain(right)];
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((one, i) => isEqual(one, b[i] ?? null));
  if (a instanceof Map && b instanceof Map)
    return a.size === b.size && [...a].every(([key, one]) => b.has(key) && isEqual(one, b.get(key) ?? null));
  const [n, m] = [numberOf(a), numberOf(b)];
  return n !== undefined && m !== undefined ? n === m : a === b;
}

/** Which comes first: below 0 the left. @throws TemplateError where they have no order. */
export function compare(left: Value, right: Value): number {
  const [a, b] = [plain(left), plain(right)];
  const [n, m] = [numberOf(a), numberOf(b)];
  if (n !== undefined && m !== undefined) return n - m;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  throw new TemplateError(`The template compares ${kindOf(a)} with ${kindOf(b)}.`);
}

/** What kind of value, in words. */
export function kindOf(value: Value): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Map) return 'an object';
  if (value instanceof Callable) return 'a function';
  return typeof value === 'boolean' ? 'true or false' : numberOf(value) === undefined ? 'text' : 'a number';
}

/** The items that a loop goes over. */
export function itemsOf(given: Value, what: string): Value[] {
  const value = plain(given);
  if (Array.isArray(value)) return value;
  if (value instanceof Map) return [...value.keys()];
  if (typeof value === 'string') return Array.from(value);
  throw new TemplateError(`The template ${what} ${kindOf(value)}, where a list is needed.`);
}
