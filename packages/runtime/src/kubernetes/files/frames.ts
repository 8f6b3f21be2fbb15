/** Frames of a byte stream: a kind, a length, and so many bytes. Pure. */

/** What a frame is: a request or an answer as JSON, a piece of a file, its end, or a sign of life. */
export const FRAME = { json: 1, piece: 2, end: 3, alive: 4 } as const;
const HEAD_BYTES = 5;
/** Of one frame; who sends more speaks something else. */
const MAX_BYTES = 2 ** 24;

/** One frame. */
export interface Frame {
  kind: number;
  body: Uint8Array;
}

/** The bytes of a frame. */
export function frameOf(kind: number, body: Uint8Array = new Uint8Array()): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES + body.length);
  bytes[0] = kind;
  new DataView(bytes.buffer).setUint32(1, body.length);
  bytes.set(body, HEAD_BYTES);
  return bytes;
}

/** The frames of a stream; signs of life are left out. What is cut off at its end is no frame. */
export async function* framesIn(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Frame, void> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  let wanted = HEAD_BYTES;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < wanted) continue;
    let bytes = joined(waiting, size);
    for (;;) {
      wanted = HEAD_BYTES;
      if (bytes.length < HEAD_BYTES) break;
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
      if (length > MAX_BYTES) throw new Error(`a frame of ${length} bytes`);
      wanted = HEAD_BYTES + length;
      if (bytes.length < wanted) break;
      const kind = bytes[0] ?? 0;
      const body = bytes.subarray(HEAD_BYTES, wanted);
      bytes = bytes.subarray(wanted);
      if (kind !== FRAME.alive) yield { kind, body };
    }
    waiting = [bytes];
    size = bytes.length;
  }
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
