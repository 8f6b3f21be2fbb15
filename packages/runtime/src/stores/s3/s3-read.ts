/** Reads objects of a bucket: what is known of them, and their bytes. */
import { omitUndefined } from '@kube-transform/sdk';
import type { ByteRange } from '../../ports/index.js';
import { type Found, PUT_IDS } from '../conditional-puts.js';
import { type Part, rangeHeader, resumedStream } from '../resumed-stream.js';
import { notFound } from '../store-key.js';
import { GetObjectCommand, HeadObjectCommand } from './aws-sdk.js';
import type { Bucket } from './bucket.js';
import { isMissing, s3Failed, statusOf } from './s3-errors.js';

const RANGE_NOT_SATISFIABLE = 416;
const PRECONDITION_FAILED = 412;

/** An etag as it is compared: without quotes. */
export const plainEtag = (etag: string | undefined): string => etag?.replaceAll('"', '') ?? '';

/** What is known of an object; null where there is none. */
export async function headObject(bucket: Bucket, key: string): Promise<Found | null> {
  try {
    const found = await bucket.client.send(new HeadObjectCommand(bucket.at(key)));
    return {
      info: {
        key,
        size: found.ContentLength ?? 0,
        modifiedMs: found.LastModified?.getTime() ?? 0,
        etag: plainEtag(found.ETag),
      },
      putIds: found.Metadata?.[PUT_IDS],
    };
  } catch (error) {
    if (isMissing(error)) return null;
    throw s3Failed(error, 'look at', { store: bucket.name, key });
  }
}

/** The bytes in chunks. */
export function streamObject(
  bucket: Bucket,
  key: string,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  const object = { store: bucket.name, key };
  return resumedStream(
    {
      ask: (part, etag) => askFor(bucket, key, { ...part, etag }),
      need: async () => {
        if ((await headObject(bucket, key)) === null) throw notFound(key, bucket.name);
      },
      failed: error => s3Failed(error, 'read', object),
    },
    range,
  );
}

async function askFor(
  bucket: Bucket,
  key: string,
  { start, end, etag }: { start: number; end: number; etag: string | undefined },
): Promise<Part | 'past' | 'replaced'> {
  try {
    const found = await bucket.client.send(
      new GetObjectCommand({
        ...bucket.at(key),
        ...omitUndefined({ Range: rangeHeader({ start, end }), IfMatch: etag }),
      }),
    );
    return {
      chunks: found.Body as AsyncIterable<Uint8Array>,
      etag: plainEtag(found.ETag),
      bytes: found.ContentLength,
    };
  } catch (error) {
    if (isMissing(error)) throw notFound(key, bucket.name);
    if (statusOf(error) === RANGE_NOT_SATISFIABLE) return 'past';
    if (statusOf(error) === PRECONDITION_FAILED) return 'replaced';
    throw error;
  }
}
