/** What users' code hands over becomes JSON and words, whatever it is. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HOSTILE } from '../../../../test/fixtures/functions/hostile.js';
import { CAUSE } from './failure-cause.js';
import { shown, textOf, toStored } from './stored-value.js';
import { threw } from './thrown.js';

type Make = () => unknown;
const made = (parts: readonly Make[]): unknown[] => parts.map(make => make());

/** Makers of values of all sorts, hostile ones within: the values themselves are too much for fast-check. */
const anything = fc.letrec<{ value: Make }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true }).map(value => () => value),
    fc.constantFrom(...Object.values(HOSTILE)),
    fc.array(tie('value'), { maxLength: 4 }).map(parts => () => made(parts)),
    fc
      .array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 })
      .map(fields => () => Object.fromEntries(fields.map(([key, make]) => [key, make()]))),
    fc.tuple(tie('value'), tie('value')).map(
      ([a, b]) =>
        () =>
          new Map([[a(), b()]]),
    ),
    fc.tuple(fc.string(), tie('value'), tie('value')).map(
      ([message, cause, field]) =>
        () =>
          Object.assign(new Error(message, { cause: cause() }), { field: field() }),
    ),
  ),
})).value;

test('any value - becomes JSON, words and a cause that is read as it was written', () => {
  fc.assert(
    fc.property(anything, make => {
      const stored = toStored(make());
      expect(() => JSON.stringify(stored)).not.toThrow();
      expect(typeof textOf(make())).toBe('string');
      expect(shown(make()).length).toBeLessThanOrEqual(60);
      const cause = threw(make());
      expect(CAUSE(JSON.parse(JSON.stringify(cause)))).toEqual(cause);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['what JSON holds', { a: [1, null, 'x', true] }, { a: [1, null, 'x', true] }],
  ['a bigint', { count: 10n }, { count: '10n' }],
  ['a circle', HOSTILE['a circle']!(), { code: 42, self: ['[Circular]'] }],
  ['what occurs twice', [new Set([1]), ...Array<string[]>(2).fill(['a'])], [[1], ['a'], ['a']]],
  ['a map', new Map([['a', 1]]), [['a', 1]]],
  ['no numbers', [Number.NaN, -Infinity], ['NaN', '-Infinity']],
  ['functions and symbols', [toStored, Symbol('x')], ['[function toStored]', 'Symbol(x)']],
  ['bytes', Buffer.from('abc'), '[Buffer of 3 bytes]'],
  ['what has toJSON', new URL('http://a/b'), 'http://a/b'],
  ['what is of a class', [new WeakMap(), Promise.resolve()], ['[WeakMap]', '[Promise]']],
  ['what throws', HOSTILE['a field that throws']!(), { a: '[cannot be read]' }],
  ['what cannot be looked at', { a: HOSTILE['a revoked proxy']!() }, { a: '[cannot be read]' }],
])('%s - is told as well as it can be', (_what, value, stored) => {
  expect(toStored(value)).toEqual(stored);
});

test('an error - keeps its message, its stack and its fields', () => {
  const error = Object.assign(new TypeError('no route', { cause: 'cable' }), { code: 'EHOST' });
  expect(toStored({ error })).toEqual({
    error: { name: 'TypeError', message: 'no route', stack: error.stack, cause: 'cable', code: 'EHOST' },
  });
});

test('what is very long - is cut off, and says so', () => {
  expect(toStored('x'.repeat(1_000_010))).toBe(`${'x'.repeat(1_000_000)}… (10 more characters)`);
  const many = toStored(Array.from({ length: 30_000 }, (_, i) => i)) as unknown[];
  expect([many.length, many.at(-1)]).toEqual([20_001, '…']);
});
