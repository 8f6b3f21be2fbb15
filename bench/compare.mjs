/** Two ways of doing the same, in turn A B A B …, in one process: medians and their ratio. */
export const median = values => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const time = async work => {
  globalThis.gc?.();
  const start = performance.now();
  await work();
  return performance.now() - start;
};

export async function compare({ ours, bare, runs = 5, warmUp = 2, ...row }) {
  for (let i = 0; i < warmUp; i++) {
    await ours();
    await bare();
  }
  const mine = [];
  const base = [];
  for (let i = 0; i < runs; i++) {
    mine.push(await time(ours));
    base.push(await time(bare));
  }
  return { ...row, medianMs: median(mine), baselineMs: median(base), ratio: median(mine) / median(base) };
}
