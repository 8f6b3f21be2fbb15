/*
 * Writes objects of a bucket.
 *
 * 1. What is no longer than a part is put in one request.
 * 2. A longer stream goes up in a session, with two parts in memory; a condition is that of the session.
 */
import { omitUndefined } from '@kube-transform/sdk';
import { type Asked, PUT_IDS, type Sent } from '../conditional-puts.js';
import { asText, type HttpRequest } from '../http/http-client.js';
import { HttpFailure, statusOf } from '../http/http-failure.js';
import { PART_BYTES, type PutWays } from '../put-bodies.js';
import { type GsBucket, OBJECT } from './gs-bucket.js';
import { UploadSession } from './upload-session.js';

/** Sessions take parts of a multiple of 256 KiB. */
const PRECONDITION_FAILED = 412;
const JSON_TYPE = 'application/json; charset=utf-8';
const BYTES_TYPE = 'application/octet-stream';

/** How bodies of a key are put. */
export const putWays = (bucket: GsBucket, key: string): PutWays => ({
  partBytes: PART_BYTES,
  whole: (body, asked) => putWhole(bucket, { key, body }, asked),
  inParts: (parts, asked) => putInParts(bucket, { key, parts }, asked),
});

/** Puts bytes in one request. */
export async function putWhole(
  bucket: GsBucket,
  { key, body }: { key: string; body: Uint8Array },
  asked: Asked,
): Promise<Sent> {
  const boundary = `kt-${crypto.randomUUID()}`;
  const head = (type: string): string => `--${boundary}\r\ncontent-type: ${type}\r\n\r\n`;
  const before = `${head(JSON_TYPE)}${describe(bucket, key, asked)}\r\n${head(BYTES_TYPE)}`;
  const request: HttpRequest = {
    method: 'POST',
    url: bucket.uploadUrl({ uploadType: 'multipart', ...queryOf(asked) }),
    headers: { 'content-type': `multipart/related; boundary=${boundary}` },
    body: Buffer.concat([Buffer.from(before), body, Buffer.from(`\r\n--${boundary}--\r\n`)]),
  };
  try {
    const { value, tries } = await bucket.client.send(request, asText);
    return { etag: bucket.parse(OBJECT, value).generation, tries };
  } catch (error) {
    return refused(bucket, key, error);
  }
}

async function putInParts(
  bucket: GsBucket,
  { key, parts }: { key: string; parts: AsyncIterable<Uint8Array> },
  asked: Asked,
): Promise<Sent> {
  const session = new UploadSession(bucket.client);
  let isDone = false;
  try {
    await session.begin({
      method: 'POST',
      url: bucket.uploadUrl({ uploadType: 'resumable', ...queryOf(asked) }),
      headers: { 'content-type': JSON_TYPE, 'x-upload-content-type': BYTES_TYPE },
      body: Buffer.from(describe(bucket, key, asked)),
    });
    // Which part is the last one shows when no other comes.
    let last: Uint8Array | undefined;
    for await (const part of parts) {
      if (last !== undefined) await session.send(last);
      last = part;
    }
    const object = await session.end(last ?? new Uint8Array());
    isDone = true;
    return { etag: bucket.parse(OBJECT, object).generation, tries: 1 };
  } catch (error) {
    if (error instanceof HttpFailure) return refused(bucket, key, error);
    throw error;
  } finally {
    if (!isDone) await session.cancel();
  }
}

/** That the condition did not hold. @throws KtError for any other failure. */
function refused(bucket: GsBucket, key: string, error: unknown): Sent {
  if (!(error instanceof HttpFailure) || statusOf(error) !== PRECONDITION_FAILED)
    throw bucket.failed(error, 'write', key);
  return { etag: null, tries: error.tries };
}

/** What an object is to be called and to carry. */
const describe = (bucket: GsBucket, key: string, { ids }: Asked): string =>
  JSON.stringify({
    name: bucket.prefix + key,
    ...(ids === undefined ? {} : { metadata: { [PUT_IDS]: ids } }),
  });

const queryOf = ({ condition }: Asked): Record<string, string> =>
  omitUndefined({
    ifGenerationMatch: condition?.ifAbsent === true ? '0' : condition?.ifMatch,
    fields: 'name,size,updated,generation,metadata',
  });
