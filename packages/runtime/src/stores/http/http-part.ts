/** What an answer holds of an object that was asked for from some byte on. */
import type { Part } from '../resumed-stream.js';
import { chunksOf } from './http-client.js';
import { HttpFailure } from './http-failure.js';

const PARTIAL = 206;

/**
 * The bytes from `start` up to `end`; `past` where the object ends before. A server may give more than was
 * asked for: all of it.
 */
export async function partOf(
  response: Response,
  { start, end }: { start: number; end: number },
  etag: string,
): Promise<Part | 'past'> {
  const { headers, status } = response;
  const length = headers.get('content-length');
  // Of what is packed for the way the size is not known, nor can a part be unpacked.
  const isPacked = !['identity', null].includes(headers.get('content-encoding'));
  if (status === PARTIAL) {
    const from = Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1] ?? start);
    if (from !== start || isPacked) {
      await response.body?.cancel();
      throw new HttpFailure(
        isPacked ? 'the server gives no parts of it as they are' : 'the server gave another part of it',
        { code: 'RangeIgnored', status },
      );
    }
    return { chunks: chunksOf(response), etag, bytes: length === null ? undefined : Number(length) };
  }
  const size = length === null || isPacked ? undefined : Number(length);
  if (size !== undefined && size <= start && start > 0) {
    await response.body?.cancel();
    return 'past';
  }
  const bytes = size === undefined ? undefined : Math.min(size, end) - start;
  return { chunks: within(chunksOf(response), start, end), etag, bytes };
}

/** The bytes of a stream from `start` up to `end`. */
async function* within(
  chunks: AsyncIterable<Uint8Array>,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at));
    at += chunk.length;
    if (piece.length > 0) yield piece;
    if (at >= end) return;
  }
}
