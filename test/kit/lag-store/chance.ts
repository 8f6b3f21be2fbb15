/** Chance by a seed: the same seed gives the same decisions in the same order. */

/** `oneOf(n)` is a whole number from 0 up to, not including, n; `happens(p)` is true p of the time. */
export interface Chance {
  oneOf(n: number): number;
  happens(probability: number): boolean;
}

/** Formula: xorshift32. */
export function chanceOf(seed: number): Chance {
  let x = (seed ^ 0x9e3779b9) >>> 0 || 1;
  const next = (): number => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
  return {
    oneOf: n => Math.floor(next() * n),
    happens: probability => probability > 0 && next() < probability,
  };
}
