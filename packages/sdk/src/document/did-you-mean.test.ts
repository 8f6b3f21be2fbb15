import { expect, test } from 'vitest';
import { closest, didYouMean } from './did-you-mean.js';

test('didYouMean - finds the name that was meant, whatever its case', () => {
  expect(closest('extrat', ['load', 'extract', 'extra-steps'])).toBe('extract');
  expect(closest('LOAD', ['load', 'extract'])).toBe('load');
  expect(closest('lod', ['loud', 'load'])).toBe('loud');
});

test('didYouMean - suggests nothing where nothing is close', () => {
  expect(closest('transform', ['load', 'extract'])).toBeUndefined();
  expect(closest('x', [])).toBeUndefined();
});

test('didYouMean - never suggests a name of which every letter differs', () => {
  expect(closest('c', ['a', 'b'])).toBeUndefined();
  expect(closest('ab', ['xy'])).toBeUndefined();
  expect(closest('ab', ['ac'])).toBe('ac');
});

test('didYouMean - long names may differ in a third of their letters', () => {
  expect(closest('summarise_flights', ['summarize_flight'])).toBe('summarize_flight');
});

test('didYouMean - is a sentence, or nothing', () => {
  expect(didYouMean('extrat', ['extract'])).toBe('Did you mean "extract"?');
  expect(didYouMean('extrat', ['load'])).toBeUndefined();
});

test('didYouMean - of many names only the first ten thousand are looked at', () => {
  const names = [...Array.from({ length: 10_000 }, () => 'other'), 'zzzzzy'];
  expect(closest('zzzzzz', names)).toBeUndefined();
  expect(closest('zzzzzz', names.slice(1))).toBe('zzzzzy');
});
