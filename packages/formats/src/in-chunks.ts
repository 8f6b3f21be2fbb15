/** Rows as a stream of bytes, in chunks that are worth a write. */

/**
 * Rows to be written: a list, or what gives them one by one.
 *
 * @example
 * ```ts
 * const rows: Rows<{ n: number }> = [{ n: 1 }];
 * ```
 */
export type Rows<T> = Iterable<T> | AsyncIterable<T>;

const CHUNK_LENGTH = 64 * 1024;

/** Each row as text, some 64 KiB at once. */
export async function* inChunks<T>(rows: Rows<T>, text: (row: T) => string): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  let chunk = '';
  for await (const row of rows) {
    chunk += text(row);
    if (chunk.length < CHUNK_LENGTH) continue;
    yield encoder.encode(chunk);
    chunk = '';
  }
  if (chunk !== '') yield encoder.encode(chunk);
}
