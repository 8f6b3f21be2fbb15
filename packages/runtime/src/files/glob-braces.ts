/** Finds the braces of a pattern that offer a choice: `{a,b}`, also nested, and `{1..12}`. Pure. */
import type { GlobClass } from './glob-classes.js';
import { badPath } from './store-path.js';

/** Words that one `{1..1000}` may stand for. */
const MAX_WORDS = 1000;
const LIST = /^(?:(-?\d{1,9})\.\.(-?\d{1,9})|([a-z])\.\.([a-z])|([A-Z])\.\.([A-Z]))$/;

/** What is known of a pattern's braces, by position. */
export interface Braces {
  /** Whether the character there opens, divides or closes a choice. */
  isMark(at: number): boolean;
  /** The words of the `{1..3}` that begins there, and the position behind it. */
  listAt(at: number): { words: string[]; end: number } | undefined;
  /** Whether a name of the path begins there, in every case. */
  beginsName(at: number): boolean;
  /** Whether a name of the path ends there, in every case. */
  endsName(at: number): boolean;
}

/** Looks through a pattern once. @throws KtError `BAD_PATH` for a list of more than 1000 words. */
export function braceChoices(pattern: string, classes: ReadonlyMap<number, GlobClass>): Braces {
  /** For each mark: where its brace begins and where it ends. */
  const marks = new Map<number, { from: number; end: number }>();
  const lists = new Map<number, { words: string[]; end: number }>();
  const open: { from: number; commas: number[] }[] = [];
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === '\\') at++;
    else if (char === '[') at = (classes.get(at)?.end ?? at + 1) - 1;
    else if (char === '{') open.push({ from: at, commas: [] });
    else if (char === ',') open.at(-1)?.commas.push(at);
    else if (char === '}') {
      const brace = open.pop();
      if (brace === undefined) continue;
      const { from, commas } = brace;
      const words = commas.length > 0 ? undefined : wordsOf(pattern, pattern.slice(from + 1, at));
      if (words !== undefined) lists.set(from, { words, end: at + 1 });
      else if (commas.length > 0)
        for (const mark of [from, ...commas, at]) marks.set(mark, { from, end: at });
    }
  }
  return {
    isMark: at => marks.has(at),
    listAt: at => lists.get(at),
    beginsName(at) {
      let start = at;
      for (
        let mark = marks.get(start - 1);
        mark !== undefined && mark.end !== start - 1;
        mark = marks.get(start - 1)
      )
        start = mark.from;
      return start === 0 || pattern[start - 1] === '/';
    },
    endsName(at) {
      let end = at;
      for (let mark = marks.get(end); mark !== undefined && mark.from !== end; mark = marks.get(end))
        end = mark.end + 1;
      return end === pattern.length || pattern[end] === '/';
    },
  };
}

function wordsOf(pattern: string, list: string): string[] | undefined {
  if (!LIST.test(list)) return undefined;
  const [first = '', last = ''] = list.split('..');
  const isNumber = /\d/.test(first);
  const [a = 0, b = 0] = [first, last]
    .map(end => (isNumber ? Number(end) : end.charCodeAt(0)))
    .sort((x, y) => x - y);
  if (b - a >= MAX_WORDS)
    throw badPath(
      pattern,
      `has a list of ${b - a + 1} words`,
      `Lists have ${MAX_WORDS} words at most: use "*".`,
    );
  const width = [first, last].some(end => /^-?0\d/.test(end)) ? Math.max(first.length, last.length) : 0;
  return Array.from({ length: b - a + 1 }, (_, i) =>
    isNumber ? String(a + i).padStart(width, '0') : String.fromCharCode(a + i),
  );
}
