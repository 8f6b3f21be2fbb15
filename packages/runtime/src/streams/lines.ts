/** Lines of text that comes as bytes. A line break ends a line; after the last one there is none. */

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

/** The lines of a text that comes in chunks. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new LineDecoder();
  for await (const chunk of chunks) yield* decoder.push(chunk);
  yield* decoder.end();
}
