/** The pipeline that is killed again and again. */
import { appendFileSync } from 'node:fs';
import { each, type KtContext, ktFunction, pipeline } from '@kube-transform/sdk';

const ITEMS = 200;

/**
 * Notes on disk, outside the run's store, that an item has begun; then works for a few milliseconds and
 * returns its own number.
 */
export const work = ktFunction(async ({ n }: { n: number }, context: KtContext) => {
  appendFileSync(process.env['KT_KILL_TRACE'] ?? '/dev/null', `${n} ${Date.now()} ${context.attempt}\n`);
  const until = performance.now() + 4;
  while (performance.now() < until) await Promise.resolve();
  return { n, square: n * n };
});

export const sum = ktFunction(({ all }: { all: { n: number; square: number }[] }) => ({
  count: all.length,
  total: all.reduce((total, { square }) => total + square, 0),
}));

export default pipeline('steps')
  .map('work', work, () =>
    each(
      Array.from({ length: ITEMS }, (_, n) => n),
      n => ({ n }),
    ),
  )
  .job('sum', sum, ({ work: all }) => ({ all }));
