import { expect, test } from 'vitest';
import { copyJson, findNonJson } from './json.js';

class Point {
  x = 1;
}

test.each([
  null,
  true,
  0,
  -1.5,
  '',
  'text',
  [],
  {},
  [1, [2, { a: null }]],
  { a: { b: [{}] } },
  Object.create(null),
  undefined,
  { gone: undefined },
])('JSON holds %j', value => {
  expect(findNonJson(value)).toBeUndefined();
});

test.each([
  ['a bigint', 1n, '$', 'a bigint'],
  ['NaN', { a: NaN }, '$.a', 'NaN'],
  ['infinity', [1, -Infinity], '$[1]', '-Infinity'],
  ['a function', { a: [{ b: () => 1 }] }, '$.a[0].b', 'a function'],
  ['a symbol', [Symbol('x')], '$[0]', 'a symbol'],
  ['a Date', { at: new Date(0) }, '$.at', 'an instance of Date'],
  ['a Map', new Map(), '$', 'an instance of Map'],
  ['bytes', { data: new Uint8Array(2) }, '$.data', 'an instance of Uint8Array'],
  ['a class instance', [[new Point()]], '$[0][0]', 'an instance of Point'],
  [
    'a match with groups',
    ['2024'.match(/(?<year>\d+)/)],
    '$[0]',
    'a match of a regular expression, whose groups would be lost',
  ],
  ['undefined in an array', { a: [undefined] }, '$.a[0]', 'undefined inside an array'],
  ['a hole in an array', [1, , 2], '$[1]', 'undefined inside an array'],
])('JSON does not hold %s, and it is said where that is', (_what, value, path, reason) => {
  expect(findNonJson(value)).toEqual({ path, reason });
});

test('keys that are no plain words are quoted in the path', () => {
  expect(findNonJson({ 'a.b': { 'c]': 1n } })?.path).toBe('$["a.b"]["c]"]');
  expect(findNonJson({ größe: { 'in-mm': 1n } })?.path).toBe('$.größe.in-mm');
});

test('a property that is undefined is left out, also where its key ends like an index', () => {
  expect(findNonJson({ 'a]': undefined })).toBeUndefined();
});

test('a circle is found, an object that occurs twice is none', () => {
  const shared = { n: 1 };
  expect(findNonJson({ a: shared, b: [shared, shared] })).toBeUndefined();
  const circle: Record<string, unknown> = {};
  circle['list'] = [{ circle }];
  expect(findNonJson(circle)).toEqual({ path: '$.list[0].circle', reason: 'a circular reference' });
});

test('the path begins with what the caller names', () => {
  expect(findNonJson({ a: 1n }, 'params')).toEqual({ path: 'params.a', reason: 'a bigint' });
});

test('groups of a regular expression are data, and so is a match without any', () => {
  const match = '2024-05'.match(/(?<year>\d+)-(?<month>\d+)(?<day>-\d+)?/);
  expect(copyJson(match?.groups)).toEqual({ ok: true, value: { year: '2024', month: '05' } });
  expect(copyJson('ab'.match(/b/))).toEqual({ ok: true, value: ['b'] });
});

test('a copy holds what was checked, whatever is read next', () => {
  let read = 0;
  const changing = {
    get n() {
      return read++ === 0 ? 1 : 10n;
    },
  };
  expect(copyJson(changing)).toEqual({ ok: true, value: { n: 1 } });
  const own = JSON.parse('{"__proto__":{"a":1}}') as object;
  const made = copyJson(own);
  expect(made.ok && JSON.stringify(made.value)).toBe('{"__proto__":{"a":1}}');
});
