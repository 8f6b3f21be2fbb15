import { describe, expect, test } from 'vitest';
import { parseRanges } from '../api/index-ranges.js';
import { shardsOf, shares } from './shards.js';

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('shards', () => {
  test('are as few as possible, in order', () => {
    expect(shardsOf([])).toEqual([]);
    expect(shardsOf(numbers(7), 3)).toEqual([
      { pods: '0-2', count: 3 },
      { pods: '3-5', count: 3 },
      { pods: '6', count: 1 },
    ]);
  });

  test('a quarter of a million pods are three Jobs', () => {
    expect(shardsOf(numbers(250_000)).map(({ count }) => count)).toEqual([100_000, 100_000, 50_000]);
  });

  test('what does not fit into an environment variable is cut further, and nothing is lost', () => {
    const odd = numbers(100_000).map(n => 2 * n + 1);
    const shards = shardsOf(odd);
    expect(shards.every(({ pods }) => pods.length <= 100_000)).toBe(true);
    expect(shards.flatMap(({ pods }) => parseRanges(pods))).toEqual(odd);
    expect(shards.map(({ pods, count }) => parseRanges(pods).length - count)).toEqual(shards.map(() => 0));
  });
});

describe('shares', () => {
  test.each([
    [[], 10, []],
    [[5], 10, [5]],
    [[50], 10, [10]],
    [[2, 50, 50], 12, [2, 5, 5]],
    [[50, 2, 50], 12, [5, 2, 5]],
    [[3, 3, 3], 2, [1, 1, 1]],
    [[1, 1, 8], 10, [1, 1, 8]],
    [[100, 100], 7, [3, 4]],
  ])('for those who want %j of %i are %j', (wants, maxPods, expected) => {
    expect(shares(wants, maxPods)).toEqual(expected);
  });

  test('nobody gets more than he wants, and together not more than there is', () => {
    for (let n = 1; n < 40; n++) {
      const wants = numbers(n).map(i => ((i * 7919) % 23) + 1);
      const mine = shares(wants, 100);
      expect(mine.every((share, i) => share >= 1 && share <= wants[i]!)).toBe(true);
      expect(mine.reduce((sum, share) => sum + share, 0)).toBeLessThanOrEqual(100);
    }
  });
});
