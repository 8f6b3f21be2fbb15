/** Reads an object of a server: as a stream that goes on where the connection was cut, and whole. */
import type { KtError } from '@kube-transform/sdk';
import type { ByteRange } from '../ports/index.js';
import { pause } from './retries.js';
import { clampRange } from './store-key.js';

const MOST_CUTS = 8;
const READS = 8;

/** What a server gives of an object, from the byte that was asked for. */
export interface Part {
  chunks: AsyncIterable<Uint8Array>;
  etag: string;
  /** Size of this part; undefined where the server does not say. */
  bytes: number | undefined;
}

/** An object that can be asked for. */
export interface RemoteObject {
  /**
   * Asks once more or for the first time (then `etag` is undefined). `past`: it ends before; `replaced`: its
   * etag is another one. Rejects `NOT_FOUND`, or with what the server says.
   */
  ask(range: { start: number; end: number }, etag: string | undefined): Promise<Part | 'past' | 'replaced'>;
  /** Rejects `NOT_FOUND` where it is not there. */
  need(): Promise<void>;
  /** What went wrong, as an error of the store. */
  failed(error: unknown): KtError;
}

/** The `Range` of a request; undefined for all of an object. */
export const rangeHeader = ({ start, end }: { start: number; end: number }): string | undefined =>
  start === 0 && end === Infinity ? undefined : `bytes=${start}-${end === Infinity ? '' : end - 1}`;

/** What was read is the beginning of an object that is no longer there. */
class Replaced extends Error {}

/** The bytes in chunks; where the connection is cut, the rest is asked for. Fails where it was replaced. */
export async function* resumedStream(
  object: RemoteObject,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  const { start, end } = clampRange(range, Infinity);
  if (start === end) return await object.need();
  let at = start;
  let until = end;
  let etag: string | undefined;
  for (let cuts = 0; at < until;) {
    const part = await object.ask({ start: at, end }, etag).catch((error: unknown) => {
      throw object.failed(error);
    });
    if (part === 'past' && etag === undefined) return;
    // What began before this byte, and now ends before it, is another object too.
    if (part === 'past' || part === 'replaced')
      throw object.failed(new Replaced('it was replaced while it was read'));
    etag ??= part.etag;
    if (part.bytes !== undefined) until = Math.min(until, at + part.bytes);
    try {
      for await (const chunk of part.chunks) {
        at += chunk.length;
        cuts = 0;
        yield chunk;
      }
      if (part.bytes === undefined) return;
      if (at < until) throw new Error(`the connection was cut after ${at - start} of ${until - start} bytes`);
    } catch (error) {
      if (++cuts >= MOST_CUTS) throw object.failed(error);
      await pause(cuts);
    }
  }
}

/** All bytes of a stream; begins anew where the object was replaced, as nobody has seen the beginning. */
export async function wholeOf(stream: () => AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  for (let reads = 1; ; reads++) {
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of stream()) chunks.push(chunk);
      return Uint8Array.from(chunks.length === 1 ? (chunks[0] ?? []) : Buffer.concat(chunks));
    } catch (error) {
      if (!((error as Error).cause instanceof Replaced) || reads >= READS) throw error;
    }
  }
}
