/** Lines of text that comes as bytes. A line break ends a line; after the last one there is none. */

const decoder = new TextDecoder();

/** Bytes to lines; what follows the last line break is kept for the next bytes. */
export class LineDecoder {
  readonly #decoder = new TextDecoder();
  #rest = '';

  /** The lines that are complete with these bytes. */
  push(bytes: Uint8Array): string[] {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    return lines;
  }

  /** The beginning of a line that has become this long, as a line of its own; empty where none has. */
  cut(chars: number): string {
    if (this.#rest.length < chars) return '';
    const rest = this.#rest;
    this.#rest = '';
    return rest;
  }

  /** The last line, where no line break ended it. */
  end(): string[] {
    const rest = this.#rest + this.#decoder.decode();
    this.#rest = '';
    return rest === '' ? [] : [rest];
  }
}

/** The lines of a whole text. */
export function linesIn(bytes: Uint8Array): string[] {
  const decoder = new LineDecoder();
  const lines = decoder.push(bytes);
  for (const line of decoder.end()) lines.push(line);
  return lines;
}

/** How much of a text is decoded at once; a line that is longer is decoded alone. */
const WINDOW_BYTES = 2 ** 16;
const BREAK = 10;

/** The lines of a whole text, decoded as they are asked for, so that not all of it is there twice. */
export function eachLineIn(bytes: Uint8Array): Iterable<string> {
  return { [Symbol.iterator]: () => decodedLines(bytes) };
}

function* decodedLines(bytes: Uint8Array): Generator<string> {
  for (let at = 0; at < bytes.length;) {
    let end = Math.min(bytes.length, at + WINDOW_BYTES);
    if (end < bytes.length) {
      const last = bytes.lastIndexOf(BREAK, end);
      end = last >= at ? last : bytes.indexOf(BREAK, end);
      if (end < 0) end = bytes.length;
    } else if (bytes[end - 1] === BREAK) end--;
    yield* decoder.decode(bytes.subarray(at, end)).split('\n');
    at = end + 1;
  }
}

/** The lines of a text that comes in chunks. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new LineDecoder();
  for await (const chunk of chunks) yield* decoder.push(chunk);
  yield* decoder.end();
}

/** Characters of a line that are kept of what strangers print. */
export const MAX_LINE = 2 ** 18;

/**
 * The lines of a text that comes in chunks; of one that is longer than so many characters the beginning, and
 * how many were cut off. No more than that is held, and a chunk.
 */
export async function* cutLinesOf(
  chunks: AsyncIterable<Uint8Array>,
  maxChars = MAX_LINE,
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let [line, cut] = ['', 0];
  const add = (part: string): void => {
    const room = wholeChars(part, maxChars - line.length);
    // What was cut once is not gone on with.
    const more = cut > 0 ? '' : part.slice(0, room);
    line += more;
    cut += part.length - more.length;
  };
  const ended = (): string => {
    const whole = cut === 0 ? line : `${line} … (${cut} more characters were cut off)`;
    [line, cut] = ['', 0];
    return whole;
  };
  for await (const chunk of chunks) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n');
    add(first);
    for (const part of others) {
      yield ended();
      add(part);
    }
  }
  add(decoder.decode());
  if (line !== '' || cut > 0) yield ended();
}

/** So many characters of a text, or one less where the last would be half of a pair. */
function wholeChars(text: string, room: number): number {
  if (room >= text.length || room <= 0) return Math.max(0, room);
  const last = text.charCodeAt(room - 1);
  return last >= 0xd800 && last <= 0xdbff ? room - 1 : room;
}
