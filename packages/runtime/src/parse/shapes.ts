/**
 * Shapes: what a JSON value must be. A shape is a function that gives the value back with its type, or throws
 * a {@link Mismatch}. Small enough for worker processes, which load no schema library.
 *
 * A record is made anew of the fields that its shape names: others are left out, so that documents of a newer
 * kt may have more. What is optional or has a default may be missing; all else must be there.
 */
import type { Json, JsonObject } from '@kube-transform/sdk';
import { shown } from './stored-value.js';

/** What a value must be. */
export type Shape<T> = (value: unknown) => T;

/** The shape of each field; that of an optional one gives `undefined` where it is missing. */
export type Fields<T> = { [K in keyof T]-?: Shape<T[K]> };

/** Why a value is not what it should be, in the middle of a sentence. `keys` lead to it, innermost first. */
export class Mismatch extends Error {
  readonly keys: (string | number)[] = [];
}

const unlike = (expected: string, seen: unknown): Mismatch =>
  new Mismatch(`expected ${expected}, but got ${inWords(seen)}`);

/** A value in words. */
function inWords(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'object' && value !== null ? 'an object' : shown(value);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A shape of what a check says yes to. */
export const shapeOf =
  <T>(expected: string, isIt: (value: unknown) => value is T): Shape<T> =>
  value => {
    if (isIt(value)) return value;
    throw unlike(expected, value);
  };

export const text = shapeOf('text', value => typeof value === 'string');
/** Words of somebody else's, which should be text: what is none is told as it looks. */
export const words: Shape<string> = value =>
  typeof value === 'string' ? value : value === undefined ? '' : inWords(value);
export const number = shapeOf('a number', value => typeof value === 'number');
/** A whole number of at least 0. */
export const count = shapeOf(
  'a whole number of at least 0',
  (value): value is number => Number.isSafeInteger(value) && (value as number) >= 0,
);
/** A whole number of at least 1. */
export const positive = shapeOf(
  'a whole number of at least 1',
  (value): value is number => Number.isSafeInteger(value) && (value as number) > 0,
);
export const flag = shapeOf('true or false', value => typeof value === 'boolean');
/** True: what is not so is left out. */
export const yes = shapeOf('true', value => value === true);
/** An object of whatever JSON can hold, as it is. */
export const object = shapeOf('an object', (value): value is JsonObject => isObject(value));
/** Any value that is there, as it is. It comes from JSON, and is not looked into. */
export const json = shapeOf('a value', (value): value is Json => value !== undefined);

/** One of some words. */
export const oneOf = <T extends string>(...words: readonly T[]): Shape<T> => among(words);

/** One of a list of words. */
export const among = <T extends string>(words: readonly T[]): Shape<T> =>
  shapeOf(words.map(word => `"${word}"`).join(' or '), (value): value is T => words.includes(value as T));

export const nullOr =
  <T>(shape: Shape<T>): Shape<T | null> =>
  value =>
    value === null ? null : shape(value);

/** A field that may be missing. */
export const optional =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  value =>
    value === undefined ? undefined : shape(value);

/** A field that has a default. */
export const orElse =
  <T>(shape: Shape<T>, missing: T): Shape<T> =>
  value =>
    value === undefined ? missing : shape(value);

function within<T>(key: string | number, shape: Shape<T>, value: unknown): T {
  try {
    return shape(value);
  } catch (error) {
    throw below(key, error);
  }
}

/** An error from below a key. */
function below(key: string | number, error: unknown): unknown {
  if (error instanceof Mismatch) error.keys.push(key);
  return error;
}

export const list =
  <T>(of: Shape<T>): Shape<T[]> =>
  value => {
    if (!Array.isArray(value)) throw unlike('a list', value);
    const read: T[] = [];
    // One net for all entries: lists are long.
    try {
      for (const entry of value) read.push(of(entry));
    } catch (error) {
      throw below(read.length, error);
    }
    return read;
  };

/**
 * A small value that is often as the one before: then it is the same one, frozen, so that a hundred thousand
 * jobs do not each hold their own empty list.
 */
export function alike<T extends object>(shape: Shape<T>): Shape<T> {
  let last: Readonly<Record<string, unknown>> = Object.freeze({});
  return value => {
    const read = shape(value) as T & Record<string, unknown>;
    if (!isSame(last, read)) last = Object.freeze(read);
    return last as T;
  };
}

/** Whether two objects or lists have the same fields in the same order; of objects in them, the same ones. */
function isSame(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [keys, others] = [Object.keys(a), Object.keys(b)];
  return keys.length === others.length && keys.every((key, i) => key === others[i] && a[key] === b[key]);
}

/** An object whose keys are free. */
export const table =
  <T>(of: Shape<T>): Shape<Record<string, T>> =>
  value => {
    if (!isObject(value)) throw unlike('an object', value);
    return Object.fromEntries(Object.keys(value).map(key => [key, within(key, of, value[key])]));
  };

/** An object of known fields; others are left out. */
export function record<T extends object>(fields: Fields<T>): Shape<T> {
  const shapes = Object.entries<Shape<unknown>>(fields).map(([key, shape]) => ({ key, shape }));
  return value => {
    if (!isObject(value)) throw unlike('an object', value);
    const read: Record<string, unknown> = {};
    let at = '';
    try {
      for (const { key, shape } of shapes) {
        at = key;
        const field = shape(Object.hasOwn(value, key) ? value[key] : undefined);
        if (field !== undefined) read[key] = field;
      }
    } catch (error) {
      throw below(at, error);
    }
    return read as T;
  };
}

/** A value that has a shape, as it is: with all its other fields, for who passes it on. */
export const whole =
  <T>(shape: Shape<unknown>): Shape<T> =>
  value => {
    shape(value);
    return value as T;
  };

/** A union that keys tell apart: the shape of the first of these keys that the object has. */
export function keyed<T>(kinds: Readonly<Record<string, Shape<T>>>): Shape<T> {
  const keys = Object.keys(kinds);
  const expected = `an object with ${keys.map(key => `"${key}"`).join(' or ')}`;
  return value => {
    const key = isObject(value) ? keys.find(name => Object.hasOwn(value, name)) : undefined;
    const shape = kinds[key ?? ''];
    if (shape === undefined) throw unlike(expected, value);
    return shape(value);
  };
}

/** A union of records that one field tells apart: the fields of each, without that one. */
export function variant<T extends Record<K, string>, K extends string>(
  key: K,
  kinds: { [V in T[K]]: Fields<Omit<Extract<T, Record<K, V>>, K>> },
): Shape<T> {
  const shapes = new Map(
    Object.entries<Fields<object>>(kinds).map(([word, fields]) => [word, record({ [key]: text, ...fields })]),
  );
  // eslint-disable-next-line no-restricted-syntax -- as many as code names
  const word = oneOf(...shapes.keys());
  return value => {
    if (!isObject(value)) throw unlike('an object', value);
    return shapes.get(within(key, word, value[key]))?.(value) as T;
  };
}
