/*
 * Writes objects of a bucket.
 *
 * 1. A conditional put is one request, which every server decides as a whole.
 * 2. A stream goes up in parts, a few in memory at once; one that fails leaves no parts behind.
 */
import { Readable } from 'node:stream';
import { omitUndefined } from '@kube-transform/sdk';
import { type Asked, conditionsUnkept, PUT_IDS, type Sent } from '../conditional-puts.js';
import { PART_BYTES } from '../put-bodies.js';
import { pause } from '../retries.js';
import { PutObjectCommand, Upload } from './aws-sdk.js';
import type { Bucket } from './bucket.js';
import { codeOf, isMissing, s3Failed, statusOf, triesOf } from './s3-errors.js';
import { headObject, plainEtag } from './s3-read.js';

const PARTS_AT_ONCE = 3;
const CONFLICT_TRIES = 10;

/** Puts bytes in one request. */
export async function putWhole(
  bucket: Bucket,
  { key, body }: { key: string; body: Uint8Array },
  { condition = {}, ids }: Asked,
): Promise<Sent> {
  for (let round = 1; ; round++) {
    try {
      const { ETag, $metadata } = await bucket.client.send(
        new PutObjectCommand({
          ...bucket.at(key),
          ...bucket.encryption,
          Body: body,
          ...(ids === undefined ? {} : { Metadata: { [PUT_IDS]: ids } }),
          ...omitUndefined({
            IfNoneMatch: condition.ifAbsent === true ? '*' : undefined,
            IfMatch: condition.ifMatch,
          }),
        }),
      );
      return { etag: plainEtag(ETag), tries: $metadata.attempts ?? 1 };
    } catch (error) {
      // Two puts met: AWS decides for neither.
      if (codeOf(error) === 'ConditionalRequestConflict' && round < CONFLICT_TRIES) {
        await pause(round);
        continue;
      }
      const isRefused = statusOf(error) === 412 || (isMissing(error) && condition.ifMatch !== undefined);
      if (isRefused) return { etag: null, tries: Math.max(round, triesOf(error)) };
      if (ids !== undefined && codeOf(error) === 'NotImplemented') throw conditionsUnkept(bucket.name);
      throw s3Failed(error, 'write', { store: bucket.name, key });
    }
  }
}

/** Puts a stream of any length. An error of the stream itself passes through. */
export async function upload(bucket: Bucket, key: string, body: AsyncIterable<Uint8Array>): Promise<string> {
  const own: { error?: unknown } = {};
  const noted = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } catch (error) {
      own.error = error;
      throw error;
    }
  };
  try {
    const { ETag } = await new Upload({
      client: bucket.client,
      params: {
        ...bucket.at(key),
        ...bucket.encryption,
        Body: Readable.from(noted(), { objectMode: false }),
      },
      partSize: PART_BYTES,
      queueSize: PARTS_AT_ONCE,
    }).done();
    if (plainEtag(ETag) !== '') return plainEtag(ETag);
    return (await headObject(bucket, key))?.info.etag ?? '';
  } catch (error) {
    if ('error' in own) throw own.error;
    throw s3Failed(error, 'write', { store: bucket.name, key });
  }
}
