/*
 * Text of others on its way to a terminal or a shell: names, messages and logs are shown, never obeyed.
 *
 * - A line stays one line: what follows a line break is set in behind a bar, where kt itself writes nothing.
 * - Nothing steers the terminal: control characters, and marks that turn the direction of text, are shown as
 *   they are written in source code. Codes for colours pass where colours are shown.
 */

const COLOUR = /(\u001b\[[\d;:]*m)/;
/** All that a terminal obeys, and what Unicode has for breaking lines and turning them. */
const OBEYED = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const LINE_BREAK = /\r?\n/;
const FURTHER = '\n  | ';
const RESET = '\u001b[0m';

/** Text as lines of a terminal: the first as it is, further ones set in. Default: without colours. */
export function plain(text: string, { colours = false }: { colours?: boolean } = {}): string {
  const lines = text
    .replace(/(\r?\n)+$/, '')
    .split(LINE_BREAK)
    .map(inline);
  if (!colours) return lines.map(line => line.replaceAll(new RegExp(COLOUR, 'g'), '')).join(FURTHER);
  return lines.map(line => (COLOUR.test(line) ? line + RESET : line)).join(FURTHER);
}

/** Text within a line: line breaks are shown too. Codes for colours stay. */
export const inline = (text: string): string =>
  text
    .split(COLOUR)
    .map((part, i) => (i % 2 === 1 ? part : part.replaceAll(OBEYED, shown)))
    .join('');

/** Both forms also mean the character in JSON, where it may stand as it is: above 0x7e. */
function shown(mark: string): string {
  const code = mark.charCodeAt(0);
  if (mark === '\n' || mark === '\r') return mark === '\n' ? '\\n' : '\\r';
  return code < 0x20
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** Words that mean themselves in bash, zsh and fish. */
const BARE = /^[\w./@%+,:][\w./@%+,:=#-]*$/;

/** Text as one word of a shell, for a command that a person may copy. */
export function shellWord(text: string): string {
  if (BARE.test(text)) return text;
  if (text.search(OBEYED) < 0) return `'${text.replaceAll("'", "'\\''")}'`;
  return `$'${text.replaceAll(/[\\']/g, '\\$&').replaceAll(OBEYED, shown)}'`;
}
