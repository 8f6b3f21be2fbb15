import { ktFunction } from '@kube-transform/sdk';

/** Prints when the user's first line runs. */
export const first = ktFunction(() => {
  console.log('first line');
  return process.uptime();
});
