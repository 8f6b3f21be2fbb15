/**
 * The seeds of a simulation, from 1: a quarter of them, all with `KT_SEEDS=all`, as CI has it, or the one of
 * `KT_SEED`, which a failed test has printed.
 */
export function seedsOf(count: number): number[] {
  const { KT_SEED: only, KT_SEEDS: which } = process.env;
  const share = which === 'all' ? count : Math.ceil(count / 4);
  return only === undefined ? Array.from({ length: share }, (_, i) => i + 1) : [Number(only)];
}
