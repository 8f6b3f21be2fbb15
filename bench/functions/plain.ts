import { ktFunction } from '@kube-transform/sdk';

/** Prints when the user's first line runs. */
export const first = ktFunction(() => {
  process.stdout.write('first line\n');
  return process.uptime();
});
