/** Finds the classes of a pattern: `[ab]`, `[a-z]`, `[!a]`. Pure. */

/** A class: its ranges of code points, and the position behind it. */
export interface GlobClass {
  negated: boolean;
  ranges: [number, number][];
  end: number;
}

/** The classes of a pattern, by where they begin; a bracket without its end, or with "/" in it, is none. */
export function classesOf(pattern: string): Map<number, GlobClass> {
  const classes = new Map<number, GlobClass>();
  /** Up to here no class ends, so none need be looked for. */
  let barren = 0;
  for (let at = 0; at < pattern.length; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === '[' && at >= barren) {
      const negated = pattern[at + 1] === '!' || pattern[at + 1] === '^';
      const { chars, end } = membersFrom(pattern, at + (negated ? 2 : 1));
      if (pattern[end] === ']') {
        classes.set(at, { negated, ranges: rangesOf(chars), end: end + 1 });
        at = end;
      } else barren = end;
    }
  }
  return classes;
}

interface Member {
  code: number;
  isDash: boolean;
}

/** What a class holds, and where that ends: at its "]", or at a "/" or the pattern's end. */
function membersFrom(pattern: string, start: number): { chars: Member[]; end: number } {
  const chars: Member[] = [];
  let at = start;
  while (at < pattern.length && pattern[at] !== '/' && (pattern[at] !== ']' || at === start)) {
    const isPlain = pattern[at] !== '\\' || at + 1 === pattern.length || pattern[at + 1] === '/';
    const code = pattern.codePointAt(isPlain ? at : at + 1) ?? 0;
    chars.push({ code, isDash: isPlain && pattern[at] === '-' });
    at += (isPlain ? 0 : 1) + String.fromCodePoint(code).length;
  }
  return { chars, end: at };
}

function rangesOf(chars: readonly Member[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (let at = 0; at < chars.length; at++) {
    const from = chars[at]?.code ?? 0;
    const to = chars[at + 1]?.isDash === true ? chars[at + 2]?.code : undefined;
    ranges.push([from, to ?? from]);
    if (to !== undefined) at += 2;
  }
  return ranges;
}
