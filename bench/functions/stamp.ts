/** Functions of the cluster bench: as trivial as can be. */
import { ktFunction } from '@kube-transform/sdk';

export const stamp = ktFunction((_: object) => Date.now());
export const square = ktFunction(({ n }: { n: number }) => n * n);
export const wait = ktFunction(async ({ ms }: { ms: number }) => {
  await new Promise(resolve => setTimeout(resolve, ms));
  return ms;
});
