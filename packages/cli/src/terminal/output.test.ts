/** How figures are written. */
import { expect, test } from 'vitest';
import { bytes, duration, plural, statusText, table } from './output.js';

test.each([
  [0, '0 ms'],
  [849.6, '850 ms'],
  [4200, '4.2 s'],
  [59_949, '59.9 s'],
  [190_000, '3m 10s'],
  [65_000, '1m 05s'],
  [7_500_000, '2h 05m'],
])('duration - %i ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [12_345, '12.3 kB'],
  [4_000_000, '4.0 MB'],
  [5.25e9, '5.3 GB'],
])('bytes - %i are %s', (n, text) => {
  expect(bytes(n)).toBe(text);
});

test('plural - one has no s, and thousands are parted', () => {
  expect([plural(1, 'item'), plural(0, 'item'), plural(1200, 'item')]).toEqual([
    '1 item',
    '0 items',
    '1,200 items',
  ]);
});

test('table - columns are aligned by what is visible, the last is as long as it is', () => {
  const red = '\u001b[31mab\u001b[39m';
  expect(
    table([
      [red, 'x', 'long'],
      ['abcd', 'yy', 'l'],
    ]),
  ).toBe(`${red}    x   long\nabcd  yy  l`);
  expect(table([])).toBe('');
});

test('statusText - has a mark', () => {
  expect(statusText('SkippedDueToUpstreamFailure')).toContain('– SkippedDueToUpstreamFailure');
});
