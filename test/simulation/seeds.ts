/** The seeds of a simulation: so many from 1, or the one of `KT_SEED`, which a failed test has printed. */
export function seedsOf(count: number): number[] {
  const only = process.env['KT_SEED'];
  return only === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(only)];
}
