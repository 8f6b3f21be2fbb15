/** Sets of whole numbers as Kubernetes writes the indexes of Jobs: `1,3-5,7`. */

/** The numbers of a text, in its order; none for an empty or missing text. */
export function parseRanges(text: string | undefined): number[] {
  const numbers: number[] = [];
  for (const part of (text ?? '').split(',')) {
    if (part === '') continue;
    const [from = 0, to = from] = part.split('-').map(Number);
    for (let n = from; n <= to; n++) numbers.push(n);
  }
  return numbers;
}

/** Ascending numbers as a text. */
export function formatRanges(numbers: readonly number[]): string {
  const parts: string[] = [];
  for (let i = 0; i < numbers.length; i++) {
    const from = numbers[i] ?? 0;
    while ((numbers[i + 1] ?? Number.NaN) === (numbers[i] ?? 0) + 1) i++;
    const to = numbers[i] ?? from;
    parts.push(from === to ? String(from) : `${from}-${to}`);
  }
  return parts.join(',');
}

/** The n-th number of a text without making the list; undefined where it has fewer. */
export function nthOfRanges(text: string, n: number): number | undefined {
  let left = n;
  for (const part of text.split(',')) {
    if (part === '') continue;
    const [from = 0, to = from] = part.split('-').map(Number);
    if (left <= to - from) return from + left;
    left -= to - from + 1;
  }
  return undefined;
}
