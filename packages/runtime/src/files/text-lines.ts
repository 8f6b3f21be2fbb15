/** The lines of a text file as it comes: UTF-8 checked, breaks of either kind, without holding it whole. */
import { KtError } from '@kube-transform/sdk';

/** Lines without their breaks; a break at the end begins no further line. @throws KtError `BAD_TEXT` */
export async function* textLines(
  path: string,
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  /** Of a line that goes on: long ones come in many chunks. */
  let parts: string[] = [];
  let number = 1;
  const decoded = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (cause) {
      throw notText(path, number, cause);
    }
  };
  const whole = (last: string): string => {
    const line = parts.length === 0 ? last : parts.join('') + last;
    parts = [];
    number++;
    return line;
  };
  for await (const chunk of chunks) {
    const text = decoded(chunk);
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      const line = whole(text.slice(from, end));
      yield line.endsWith('\r') ? line.slice(0, -1) : line;
      from = end + 1;
    }
    if (from < text.length) parts.push(text.slice(from));
  }
  const last = whole(decoded());
  if (last !== '') yield last;
}

function notText(path: string, line: number, cause: unknown): KtError {
  const message = `The file "${path}" is not UTF-8 in line ${line}, or in one of those after it.`;
  const hint =
    'Read it with `stream` and a TextDecoder of its own encoding, for example "latin1" or "utf-16le".';
  return new KtError({ code: 'BAD_TEXT', message, path: '', hint }, { cause });
}
