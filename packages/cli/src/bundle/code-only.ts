/** A module's text with all that is no code blanked out: what is looked for is found in code only. Pure. */

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const QUOTED = /'(?:\\[\s\S]|[^'\\\n])*'?|"(?:\\[\s\S]|[^"\\\n])*"?/y;
const PATTERN = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y;
const IN_TEMPLATE = /(?:\\[\s\S]|(?!`|\$\{)[\s\S])*/y;
const PLAIN = /[^/'"`{}]+/y;
/** A slash after these divides. */
const VALUE = /(?:[\w$)\]}]|\+\+|--)\s*$/;
const WORD = /(?:^|[^\w$.])(?:return|typeof|case|in|of|do|else|void|delete|await|yield|throw)\s*$/;

const blank = (text: string): string => text.replaceAll(/[^\n]/g, ' ');

/**
 * The text with comments, the insides of texts and of patterns as spaces; quotes, breaks and what stands
 * within `${…}` stay, all where they were.
 */
export function codeOnly(source: string): string {
  let code = '';
  let at = 0;
  /** Of each `${` that is open, the braces that are open within it. */
  const open: number[] = [];
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const [found = ''] = pattern.exec(source) ?? [];
    at += found.length;
    return found;
  };
  const template = (): void => {
    code += blank(take(IN_TEMPLATE));
    const isOpened = source.startsWith('${', at);
    code += source.slice(at, at + (isOpened ? 2 : 1));
    at += isOpened ? 2 : 1;
    if (isOpened) open.push(0);
  };
  while (at < source.length) {
    code += take(PLAIN);
    const [next = ''] = source.slice(at, at + 1);
    if (next === '/') {
      const comment = take(COMMENT);
      const line = code.slice(-80);
      const pattern = comment === '' && (!VALUE.test(line) || WORD.test(line)) ? take(PATTERN) : '';
      code += blank(comment + pattern) || source.slice(at, ++at);
    } else if (next === "'" || next === '"') {
      const text = take(QUOTED);
      code += next + blank(text.slice(1, -1)) + (text.length > 1 ? text.slice(-1) : '');
    } else if (next !== '') {
      at++;
      code += next;
      const within = open.length - 1;
      if (next === '`') template();
      else if (within < 0) continue;
      else if (next === '{') open[within] = (open[within] ?? 0) + 1;
      else if ((open[within] ?? 0) > 0) open[within] = (open[within] ?? 0) - 1;
      else {
        open.pop();
        template();
      }
    }
  }
  return code;
}
