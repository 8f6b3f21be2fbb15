import { expect, test } from 'vitest';
import { parseDurationMs, parseQuantity } from './quantity.js';

test.each([
  ['512Mi', 512 * 2 ** 20],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['500m', 0.5],
  ['2', 2],
  ['1e3', 1000],
  ['1E-3', 0.001],
  ['.5', 0.5],
  ['3k', 3000],
  ['1E', 1e18],
  ['2Ei', 2 * 2 ** 60],
])('the quantity %s is %d', (text, value) => {
  expect(parseQuantity(text)).toBe(value);
});

test.each(['', '0', '0Gi', '-1', '1 Gi', '1gi', 'Gi', '1.', '1e3Gi', '1GiB', 'lots', '1e', 'NaN'])(
  '"%s" is no quantity',
  text => {
    expect(parseQuantity(text)).toBeUndefined();
  },
);

test.each([
  ['500ms', 500],
  ['90s', 90_000],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['2d', 172_800_000],
  ['0.5s', 500],
])('the duration %s is %d ms', (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});

test.each(['', '5', '0s', '-1s', '1 h', '1w', 's', '1h30', '9999999999d'])('"%s" is no duration', text => {
  expect(parseDurationMs(text)).toBeUndefined();
});
