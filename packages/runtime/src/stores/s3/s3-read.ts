/** Reads objects of a bucket: whole, in parts, and as streams that go on where a connection was cut. */
import type { ByteRange, ObjectInfo } from '../../ports/index.js';
import { clampRange, notFound } from '../store-key.js';
import { GetObjectCommand, HeadObjectCommand } from './aws-sdk.js';
import type { Bucket } from './bucket.js';
import { pause } from './s3-client.js';
import { isMissing, s3Failed, statusOf } from './s3-errors.js';

const TRIES = 8;
const RANGE_NOT_SATISFIABLE = 416;
const PRECONDITION_FAILED = 412;

/** An etag as it is compared: without quotes. */
export const plainEtag = (etag: string | undefined): string => etag?.replaceAll('"', '') ?? '';

/** What is known of an object, with the server's metadata; null where there is none. */
export async function headObject(
  bucket: Bucket,
  key: string,
): Promise<{ info: ObjectInfo; metadata: Record<string, string> } | null> {
  try {
    const found = await bucket.client.send(new HeadObjectCommand(bucket.at(key)));
    return {
      info: {
        key,
        size: found.ContentLength ?? 0,
        modifiedMs: found.LastModified?.getTime() ?? 0,
        etag: plainEtag(found.ETag),
      },
      metadata: found.Metadata ?? {},
    };
  } catch (error) {
    if (isMissing(error)) return null;
    throw s3Failed(error, 'look at', { store: bucket.name, key });
  }
}

/** What was read is the beginning of an object that is no longer there. */
class Replaced extends Error {}

/** The bytes of an object, or of a part. @throws KtError `NOT_FOUND`. */
export async function readObject(
  bucket: Bucket,
  key: string,
  range: ByteRange | undefined,
): Promise<Uint8Array> {
  for (let tries = 1; ; tries++) {
    try {
      const chunks: Uint8Array[] = [];
      for await (const chunk of streamObject(bucket, key, range)) chunks.push(chunk);
      return Uint8Array.from(chunks.length === 1 ? (chunks[0] ?? []) : Buffer.concat(chunks));
    } catch (error) {
      // Nobody has seen the beginning: that of the new object is read.
      if (!((error as Error).cause instanceof Replaced) || tries >= TRIES) throw error;
    }
  }
}

/**
 * The bytes in chunks. Where the connection is cut, the rest is asked for; where the object was replaced
 * meanwhile, it fails.
 */
export async function* streamObject(
  bucket: Bucket,
  key: string,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  const { start, end } = clampRange(range, Infinity);
  if (start === end) {
    if ((await headObject(bucket, key)) === null) throw notFound(key, bucket.name);
    return;
  }
  let at = start;
  let etag: string | undefined;
  let until = Infinity;
  for (let tries = 1; at < until; tries++) {
    try {
      const { Body, ...found } = await bucket.client.send(
        new GetObjectCommand({
          ...bucket.at(key),
          ...(at === 0 && end === Infinity
            ? {}
            : { Range: `bytes=${at}-${end === Infinity ? '' : end - 1}` }),
          ...(etag === undefined ? {} : { IfMatch: etag }),
        }),
      );
      etag ??= plainEtag(found.ETag);
      if (until === Infinity) until = at + (found.ContentLength ?? Infinity);
      for await (const chunk of Body as AsyncIterable<Uint8Array>) {
        at += chunk.length;
        tries = 1;
        yield chunk;
      }
      if (until === Infinity) return;
      if (at < until) throw new Error(`the connection was cut after ${at - start} of ${until - start} bytes`);
    } catch (error) {
      if (isMissing(error)) throw notFound(key, bucket.name);
      const status = statusOf(error);
      if (status === RANGE_NOT_SATISFIABLE) return;
      if (status === PRECONDITION_FAILED)
        throw s3Failed(new Replaced('it was replaced while it was read'), 'read', {
          store: bucket.name,
          key,
        });
      if ((status !== undefined && status >= 300) || etag === undefined || tries >= TRIES)
        throw s3Failed(error, 'read', { store: bucket.name, key });
      await pause(tries);
    }
  }
}
