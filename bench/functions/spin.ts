import { ktFunction } from '@kube-transform/sdk';

/** Takes a few milliseconds of one core. */
export const spin = ktFunction(({ rounds }: { rounds: number }) => {
  let x = 1;
  for (let i = 0; i < rounds; i++) x = (Math.imul(x, 1_103_515_245) + 12_345) | 0;
  return x;
});
