/** What an answer holds of an object that was asked for from some byte on. */
import type { Part } from '../resumed-stream.js';
import { chunksOf } from './http-client.js';
import { HttpFailure } from './http-failure.js';

/** The status of an answer with a part. */
export const PARTIAL = 206;

// Of what is packed for the way the size is not known, nor can a part be unpacked.
const isPacked = ({ headers }: Response): boolean =>
  !['identity', null].includes(headers.get('content-encoding'));

/** How many bytes an answer has; undefined where it does not say, or they are packed. */
export function lengthOf(response: Response): number | undefined {
  const length = response.headers.get('content-length');
  return length === null || isPacked(response) ? undefined : Number(length);
}

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
  const length = lengthOf(response);
  if (status === PARTIAL) {
    const from = Number(/^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1] ?? start);
    if (from === start && !isPacked(response)) return { chunks: chunksOf(response), etag, bytes: length };
    await response.body?.cancel();
    const why = from === start ? 'gives no parts of it as they are' : 'gave another part of it';
    throw new HttpFailure(`the server ${why}`, { code: '', status });
  }
  if (length !== undefined && length <= start && start > 0) {
    await response.body?.cancel();
    return 'past';
  }
  const bytes = length === undefined ? undefined : Math.min(length, end) - start;
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
