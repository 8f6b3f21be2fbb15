/** Finds where a text stops being JSON; `JSON.parse` does not always say. Pure. */

const SPACE = /[\t\n\r ]*/y;
const TOKEN = /[{}[\]:,]|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/** What may come next: a value, a key, a colon, or what ends a value. `or-end`: also the closing bracket. */
type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'after';

/**
 * Line and column (from 1) of the first character that JSON does not allow; the end of the text where it
 * breaks off.
 */
export function jsonErrorPosition(text: string): { line: number; column: number } {
  const offset = firstWrong(text);
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

function firstWrong(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  for (let at = 0; ;) {
    at = endOf(SPACE, text, at) ?? at;
    const isString = text[at] === '"';
    const end = isString ? endOfString(text, at) : endOf(TOKEN, text, at);
    if (end === undefined) return at;
    const next = step(expected, { mark: text.slice(at, Math.min(end, at + 1)), isString }, open);
    if (next === undefined) return at;
    expected = next;
    at = end;
  }
}

/** Where a match that begins at a position ends; undefined where there is none. */
function endOf(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** Part by part: one expression for all of it needs more stack the longer the text is. */
function endOfString(text: string, start: number): number | undefined {
  for (let at: number | undefined = start + 1; at !== undefined; at = endOf(ESCAPE, text, at)) {
    at = endOf(PLAIN, text, at) ?? at;
    if (text[at] === '"') return at + 1;
  }
  return undefined;
}

/** What comes after a token; undefined where the token is wrong. */
function step(
  expected: Expected,
  token: { mark: string; isString: boolean },
  open: string[],
): Expected | undefined {
  const { mark, isString } = token;
  const closes = expected === 'after' || expected.endsWith('-or-end');
  switch (mark) {
    case '{':
    case '[':
      if (!expected.startsWith('value')) return undefined;
      open.push(mark);
      return mark === '{' ? 'key-or-end' : 'value-or-end';
    case '}':
    case ']':
      return closes && open.pop() === (mark === '}' ? '{' : '[') ? 'after' : undefined;
    case ':':
      return expected === 'colon' ? 'value' : undefined;
    case ',':
      if (expected !== 'after' || open.length === 0) return undefined;
      return open.at(-1) === '{' ? 'key' : 'value';
    default:
      if (expected.startsWith('key')) return isString ? 'colon' : undefined;
      return expected.startsWith('value') ? 'after' : undefined;
  }
}
