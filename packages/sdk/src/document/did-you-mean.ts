/** "Did you mean …?": the known name that is nearest to one that is not known. */

/** Levenshtein distance, given up beyond `limit`. Formula: Wagner and Fischer, 1974. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/**
 * Finds the candidate closest to what was typed: a third of its letters or two may differ, never all.
 *
 * Case is ignored; of many candidates the first 10,000 are looked at.
 *
 * @returns undefined where none is close.
 *
 * @example
 * ```ts
 * closest('extrat', ['load', 'extract']); // → 'extract'
 * ```
 */
export function closest(typed: string, candidates: Iterable<string>): string | undefined {
  const limit = Math.min(typed.length - 1, Math.max(2, Math.floor(typed.length / 3)));
  let best: string | undefined;
  let bestDistance = limit + 1;
  let looked = 0;
  for (const candidate of candidates) {
    if (++looked > 10_000) break;
    const d = distance(typed.toLowerCase(), candidate.toLowerCase(), Math.min(limit, bestDistance));
    if (d < bestDistance) [best, bestDistance] = [candidate, d];
  }
  return best;
}

/**
 * Asks `Did you mean "x"?`: a hint for a name that is not known.
 *
 * @returns undefined where nothing is close.
 *
 * @example
 * ```ts
 * didYouMean('extrat', ['load', 'extract']); // → 'Did you mean "extract"?'
 * didYouMean('transform', ['load', 'extract']); // → undefined
 * ```
 */
export function didYouMean(typed: string, candidates: Iterable<string>): string | undefined {
  const best = closest(typed, candidates);
  return best === undefined ? undefined : `Did you mean "${best}"?`;
}
