/** What a Node process said when it broke: the error and its place, of the report that Node prints. Pure. */

const FRAME = /^\s+at /;
/** The mark below the line of source that Node prints before the error. */
const CARET = /^\s*[\^~]+\s*$/;
/** Lines that tell nothing. */
const NOISE = /^(Node\.js v\d|\(Use `node --trace|\s*at |\s*\d+: 0x|node:internal|-{3,})/;
const MAX_LINES = 5;
const MAX_LENGTH = 1000;

/**
 * The last words of a process, from what it wrote on standard error: the message of the error that ended it,
 * what caused it, and the first frame of its stack; without such an error, its last lines.
 */
export function lastWords(said: string): string {
  const lines = said.trim().split(/\r?\n/);
  const error = errorIn(lines);
  const words = error ?? lines.filter(line => line.trim() !== '' && !NOISE.test(line)).slice(-MAX_LINES);
  return words
    .map(line => line.trim())
    .join(' | ')
    .slice(0, MAX_LENGTH);
}

function errorIn(lines: readonly string[]): string[] | undefined {
  const caret = lines.findLastIndex(line => CARET.test(line));
  const frame = lines.findIndex((line, i) => i > caret && FRAME.test(line));
  if (frame < 0) return undefined;
  let first = frame;
  while (first > 0 && isMessage(lines[first - 1] ?? '')) first--;
  if (first === frame) return undefined;
  const message = lines.slice(first, Math.min(frame, first + MAX_LINES));
  const place = lines[frame]?.replace(/ \{$/, '') ?? '';
  const causes = lines.slice(frame).filter(line => /^\s*\[(cause|errors)\]: /.test(line));
  return [...message, place, ...causes.map(line => line.replace(/ \{$/, ''))];
}

const isMessage = (line: string): boolean => line.trim() !== '' && !CARET.test(line) && !FRAME.test(line);
