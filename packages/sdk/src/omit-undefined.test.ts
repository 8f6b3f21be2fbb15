import { expect, expectTypeOf, test } from 'vitest';
import { omitUndefined } from './omit-undefined.js';

test('omitUndefined - keeps what is falsy, leaves out what is undefined', () => {
  const left = omitUndefined({ a: undefined, b: null, c: 0, d: '', e: false });
  expect(left).toStrictEqual({ b: null, c: 0, d: '', e: false });
  expect('a' in left).toBe(false);
});

test('omitUndefined - spread over defaults replaces only what is given', () => {
  const given: { image: string | undefined; pods: number | undefined } = { image: undefined, pods: 2 };
  const merged = { image: 'node', pods: 1, ...omitUndefined(given) };
  expect(merged).toEqual({ image: 'node', pods: 2 });
  expectTypeOf(merged).toEqualTypeOf<{ image: string; pods: number }>();
});
