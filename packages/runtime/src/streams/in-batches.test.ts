import { expect, test } from 'vitest';
import { inBatches } from './in-batches.js';

/** How many calls went on at once, in the order in which they began. */
async function atOnce(count: number, bytes?: number): Promise<number[]> {
  const seen: number[] = [];
  let open = 0;
  const call = async (n: number): Promise<number> => {
    seen.push(++open);
    await Promise.resolve();
    open--;
    return n;
  };
  const values = Array.from({ length: count }, (_, i) => i);
  const read = await inBatches(values, call, bytes === undefined ? undefined : () => bytes);
  expect(read).toEqual(values);
  return seen;
}

test('inBatches - 32 calls at once', async () => {
  expect(Math.max(...(await atOnce(100)))).toBe(32);
  expect(await atOnce(0)).toEqual([]);
});

test('inBatches - few calls at once for what is large, and soon as many as ever for what is small', async () => {
  expect(Math.max(...(await atOnce(20, 2 ** 30)))).toBe(1);
  expect(Math.max(...(await atOnce(20, 2 ** 21)))).toBe(4);
  expect(Math.max(...(await atOnce(100, 100)))).toBe(32);
});
