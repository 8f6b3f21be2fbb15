/** Tests of Jinja: what stands after `is`. Pure. */
import {
  Callable,
  compare,
  Digits,
  isEqual,
  itemsOf,
  Missing,
  numberOf,
  plain,
  textOf,
  type Value,
} from './values.js';

type Test = (value: Value, other: Value) => boolean;

const isNumber = (value: Value): boolean => typeof value === 'number' || value instanceof Digits;
const isWhole = (value: Value): boolean => isNumber(value) && !/[.e]/i.test(textOf(value));
const isText = (value: Value): value is string => typeof plain(value) === 'string';

/** Whether one value holds another. */
export function holds(value: Value, other: Value): boolean {
  const self = plain(value);
  if (typeof self === 'string') return self.includes(textOf(other));
  if (self instanceof Map) return self.has(textOf(other));
  return itemsOf(self, 'looks into').some(item => isEqual(item, other));
}

const equal: Test = (value, other) => isEqual(value, other);
export const TESTS: Record<string, Test> = {
  defined: value => !(value instanceof Missing),
  undefined: value => value instanceof Missing,
  none: value => plain(value) === null,
  boolean: value => typeof plain(value) === 'boolean',
  true: value => plain(value) === true,
  false: value => plain(value) === false,
  string: value => isText(value),
  number: value => isNumber(plain(value)),
  integer: value => isWhole(plain(value)),
  float: value => isNumber(plain(value)) && !isWhole(plain(value)),
  mapping: value => plain(value) instanceof Map,
  iterable: value => isText(value) || Array.isArray(plain(value)) || plain(value) instanceof Map,
  sequence: value => isText(value) || Array.isArray(plain(value)) || plain(value) instanceof Map,
  callable: value => value instanceof Callable,
  lower: value => textOf(value) === textOf(value).toLowerCase(),
  upper: value => textOf(value) === textOf(value).toUpperCase(),
  odd: value => Math.abs((numberOf(value) ?? 0) % 2) === 1,
  even: value => (numberOf(value) ?? 1) % 2 === 0,
  divisibleby: (value, other) => (numberOf(value) ?? Number.NaN) % (numberOf(other) ?? Number.NaN) === 0,
  sameas: equal,
  eq: equal,
  equalto: equal,
  ne: (value, other) => !isEqual(value, other),
  gt: (value, other) => compare(value, other) > 0,
  ge: (value, other) => compare(value, other) >= 0,
  lt: (value, other) => compare(value, other) < 0,
  le: (value, other) => compare(value, other) <= 0,
  in: (value, other) => holds(other, value),
};
