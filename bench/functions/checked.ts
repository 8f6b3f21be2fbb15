import { ktFunction } from '@kube-transform/sdk';
import * as z from 'zod';

/** As `plain`, with an input schema. */
export const first = ktFunction({ input: z.object({ n: z.number().default(1) }) }, ({ n }) => {
  console.log('first line');
  return process.uptime() * n;
});
