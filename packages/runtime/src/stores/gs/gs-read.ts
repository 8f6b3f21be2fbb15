/** Reads objects of a bucket: what is known of them, and their bytes. */
import { omitUndefined } from '@kube-transform/sdk';
import type { ByteRange } from '../../ports/index.js';
import type { Found } from '../conditional-puts.js';
import { asItIs, asText } from '../http/http-client.js';
import { statusOf } from '../http/http-failure.js';
import { partOf } from '../http/http-part.js';
import { type Part, rangeHeader, resumedStream } from '../resumed-stream.js';
import { notFound } from '../store-key.js';
import { FIELDS, type GsBucket, isMissing, OBJECT } from './gs-bucket.js';

const RANGE_NOT_SATISFIABLE = 416;

/** What is known of an object; null where there is none. */
export async function headObject(bucket: GsBucket, key: string): Promise<Found | null> {
  try {
    const url = bucket.urlOf(key, { fields: FIELDS });
    const { value } = await bucket.client.send({ method: 'GET', url }, asText);
    return bucket.found(key, bucket.parse(OBJECT, value));
  } catch (error) {
    if (isMissing(error)) return null;
    throw bucket.failed(error, 'look at', key);
  }
}

/** The bytes in chunks. */
export function streamObject(
  bucket: GsBucket,
  key: string,
  range: ByteRange | undefined,
): AsyncGenerator<Uint8Array> {
  return resumedStream(
    {
      ask: (part, etag) => askFor(bucket, key, { ...part, etag }),
      need: async () => {
        if ((await headObject(bucket, key)) === null) throw notFound(key, bucket.name);
      },
      failed: error => bucket.failed(error, 'read', key),
    },
    range,
  );
}

async function askFor(
  bucket: GsBucket,
  key: string,
  { start, end, etag }: { start: number; end: number; etag: string | undefined },
): Promise<Part | 'past' | 'replaced'> {
  try {
    const { value } = await bucket.client.send(
      {
        method: 'GET',
        url: bucket.urlOf(key, { alt: 'media' }),
        headers: omitUndefined({ range: rangeHeader({ start, end }) }),
      },
      asItIs,
    );
    const generation = value.headers.get('x-goog-generation') ?? '';
    if (etag === undefined || etag === generation) return await partOf(value, { start, end }, generation);
    await value.body?.cancel();
    return 'replaced';
  } catch (error) {
    if (isMissing(error)) throw notFound(key, bucket.name);
    if (statusOf(error) === RANGE_NOT_SATISFIABLE) return 'past';
    throw error;
  }
}
