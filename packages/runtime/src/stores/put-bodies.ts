/** Bodies of puts, as requests take them: in parts of one size, or whole. */
import { KtError } from '@kube-transform/sdk';
import type { Asked, SendPut, Sent } from './conditional-puts.js';

/** Streams go up in parts of so many bytes; most tools have parts as large, so that etags can be compared. */
export const PART_BYTES = 8 * 1024 * 1024;

/** What is put. */
export type Body = Uint8Array | AsyncIterable<Uint8Array>;

/** How a server takes bodies: whole, or in parts of a size. */
export interface PutWays {
  partBytes: number;
  whole(bytes: Uint8Array, asked: Asked): Promise<Sent>;
  inParts(parts: AsyncIterable<Uint8Array>, asked: Asked): Promise<Sent>;
}

/**
 * Has a body put, whole where it is no longer than a part. What is left of a stream is let go in the end. An
 * error of a stream itself passes through.
 */
export async function putReady(
  body: Body,
  ways: PutWays,
  put: (send: SendPut) => Promise<string | null>,
): Promise<string | null> {
  if (body instanceof Uint8Array) return put(asked => ways.whole(body, asked));
  const parts = partsOf(body, ways.partBytes);
  try {
    const first = await nextOf(parts);
    const second = await nextOf(parts);
    if (second === undefined) return await put(asked => ways.whole(first ?? new Uint8Array(), asked));
    const all = async function* (): AsyncGenerator<Uint8Array> {
      if (first !== undefined) yield first;
      yield second;
      yield* parts;
    };
    return await put(asked => ways.inParts(all(), asked));
  } finally {
    await parts.return(undefined);
  }
}

async function nextOf(parts: AsyncGenerator<Uint8Array, void>): Promise<Uint8Array | undefined> {
  const next = await parts.next();
  return next.done === true ? undefined : next.value;
}

/** The bytes of a stream in parts of `bytes`, the last one what is left; at least one. */
export async function* partsOf(
  body: AsyncIterable<Uint8Array>,
  bytes: number,
): AsyncGenerator<Uint8Array, void> {
  let part = new Uint8Array(bytes);
  let size = 0;
  for await (const chunk of body)
    for (let at = 0; at < chunk.length;) {
      // A part is given once more is known to come: so the last one is known as such.
      if (size === bytes) {
        yield part;
        part = new Uint8Array(bytes);
        size = 0;
      }
      const piece = chunk.subarray(at, at + bytes - size);
      part.set(piece, size);
      size += piece.length;
      at += piece.length;
    }
  yield part.subarray(0, size);
}

/** A body in memory. @throws KtError `STORE_FAILED` for a stream of more than `most` bytes. */
export async function gathered(
  body: Body,
  most: number,
  put: { store: string; key: string },
): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(Uint8Array.from(chunk));
    size += chunk.length;
    if (size <= most) continue;
    const what = `a stream of more than ${most / 1024 / 1024} MiB cannot be put under a condition`;
    const hint =
      'Write it without a condition under a name of its own, and then a small object that names it.';
    const message = `Cannot write "${put.key}" in ${put.store}: ${what}.`;
    throw new KtError({ code: 'STORE_FAILED', message, path: '', hint });
  }
  return Buffer.concat(chunks);
}
