/** Finds where a text stops being JSON; `JSON.parse` does not always say. Pure. */

const TOKEN =
  /[\t\n\r ]*(?:([{}[\]:,])|("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))/y;

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
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const [all = '', mark, string] = match ?? [];
    const next: Expected | undefined =
      match === null ? undefined : step(expected, { mark, isString: string !== undefined }, open);
    if (next === undefined) return at + (/^[\t\n\r ]*/.exec(text.slice(at))?.[0].length ?? 0);
    at += all.length;
    expected = next;
  }
}

/** What comes after a token; undefined where the token is wrong. */
function step(
  expected: Expected,
  token: { mark: string | undefined; isString: boolean },
  open: string[],
): Expected | undefined {
  const { mark, isString } = token;
  const closes = expected === 'after' || expected.endsWith('-or-end');
  // eslint-disable-next-line @typescript-eslint/switch-exhaustiveness-check -- others are texts, numbers, words
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
