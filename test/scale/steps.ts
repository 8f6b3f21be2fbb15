/** The pipeline of the scale script on a cluster: a list, a map over it, a sum. */
import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';

export const list = ktFunction(({ n }: { n: number }) => Array.from({ length: n }, (_, i) => i));
export const one = ktFunction(({ x }: { x: number }) => x);
export const sum = ktFunction(({ xs }: { xs: number[] }) => xs.reduce((a, b) => a + b, 0));

const large = { cpu: '50m', memory: '1Gi' } as const;
export default pipeline('wide', { params: z.object({ n: z.number() }) })
  .job('list', list, ({ params }) => ({ n: params.n }), large)
  .map('one', one, ({ list: numbers }) => numbers.each(x => ({ x })), {
    ...large,
    itemsPerPod: 50_000,
    parallelism: 4,
  })
  .job('sum', sum, ({ one: xs }) => ({ xs }), large);
