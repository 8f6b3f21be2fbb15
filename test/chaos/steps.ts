/** The pipeline of the chaos script: a list, a map over it, a sum. */
import { setTimeout as wait } from 'node:timers/promises';
import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';

export const list = ktFunction(({ n }: { n: number }) => Array.from({ length: n }, (_, i) => i));
export const square = ktFunction({ input: z.object({ n: z.number() }), retries: 3 }, async ({ n }) => {
  await wait(100);
  return n * n;
});
export const sum = ktFunction(({ squares }: { squares: number[] }) => squares.reduce((a, b) => a + b, 0));

const small = { cpu: '50m', memory: '64Mi', retries: 3 } as const;
export default pipeline('chaos')
  .job('list', list, () => ({ n: 100 }), small)
  .map('work', square, ({ list: numbers }) => numbers.each(n => ({ n })), {
    ...small,
    itemsPerPod: 10,
    parallelism: 4,
  })
  .job('sum', sum, ({ work }) => ({ squares: work }), small);
