/*
 * Writes objects of a bucket.
 *
 * 1. A conditional put is one request, which every server decides as a whole. It carries an id of its own
 *    and those of the puts before it: one that was made again and finds another object learns whether it was
 *    first, and that one came after.
 * 2. Before the first one a server is asked, by trying, whether it keeps conditions at all.
 * 3. A stream goes up in parts, a few in memory at once; one that fails leaves no parts behind.
 */
import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { KtError, omitUndefined } from '@kube-transform/sdk';
import type { PutOptions } from '../../ports/index.js';
import { PutObjectCommand, Upload } from './aws-sdk.js';
import type { Bucket } from './bucket.js';
import { deleteObjects } from './s3-delete.js';
import { pause } from './s3-client.js';
import { codeOf, isMissing, s3Failed, statusOf, triesOf } from './s3-errors.js';
import { headObject, plainEtag } from './s3-read.js';

const PART_BYTES = 8 * 1024 * 1024;
const PARTS_AT_ONCE = 3;
/** Of a stream that is put under a condition: it must fit into memory, as it goes up in one request. */
const WHOLE_BYTES = 64 * 1024 * 1024;
const CONFLICT_TRIES = 10;
/** The metadata that holds the ids of a conditional put and of those before it, of which S3 keeps 2 KB. */
const PUT_IDS = 'kt-puts';
const MOST_IDS = 60;

type Body = Uint8Array | AsyncIterable<Uint8Array>;

/** Writes an object; its etag, or null where the condition did not hold. */
export async function writeObject(
  bucket: Bucket,
  key: string,
  { body, condition }: { body: Body; condition: PutOptions },
): Promise<string | null> {
  const isConditional = condition.ifAbsent === true || condition.ifMatch !== undefined;
  bucket.at(key);
  if (!(body instanceof Uint8Array) && !isConditional) return await upload(bucket, key, body);
  // A copy of its own, before anything is waited for.
  const whole = body instanceof Uint8Array ? Buffer.from(body) : await gathered(bucket, key, body);
  if (isConditional) await bucket.keepsConditions(() => tryConditions(bucket));
  try {
    if (isConditional) return await putIf(bucket, key, { body: whole, condition });
    const { ETag } = await bucket.client.send(
      new PutObjectCommand({ ...bucket.at(key), ...bucket.encryption, Body: whole }),
    );
    return plainEtag(ETag);
  } catch (error) {
    throw s3Failed(error, 'write', { store: bucket.name, key });
  }
}

async function putIf(
  bucket: Bucket,
  key: string,
  { body, condition }: { body: Uint8Array; condition: PutOptions },
): Promise<string | null> {
  const before = condition.ifMatch === undefined ? null : await headObject(bucket, key);
  if (condition.ifMatch !== undefined && before?.info.etag !== condition.ifMatch) return null;
  const id = randomUUID().replaceAll('-', '').slice(0, 16);
  const ids = [id, ...idsOf(before)].slice(0, MOST_IDS).join(' ');
  for (let round = 1; ; round++) {
    try {
      const { ETag } = await bucket.client.send(
        new PutObjectCommand({
          ...bucket.at(key),
          ...bucket.encryption,
          Body: body,
          Metadata: { [PUT_IDS]: ids },
          ...omitUndefined({
            IfNoneMatch: condition.ifAbsent === true ? '*' : undefined,
            IfMatch: condition.ifMatch,
          }),
        }),
      );
      return plainEtag(ETag);
    } catch (error) {
      // Two puts met: AWS decides for neither.
      if (codeOf(error) === 'ConditionalRequestConflict' && round < CONFLICT_TRIES) {
        await pause(round);
        continue;
      }
      if (statusOf(error) !== 412 && !(isMissing(error) && condition.ifMatch !== undefined)) throw error;
      if (triesOf(error) === 1 && round === 1) return null;
      const there = await headObject(bucket, key);
      if (!idsOf(there).includes(id)) return null;
      // Where others came after it, its own etag is one that no object has any more.
      return idsOf(there)[0] === id ? (there?.info.etag ?? null) : `replaced-${id}`;
    }
  }
}

/** Puts one object twice as if it were new. @throws KtError `STORE_FAILED` where the second put succeeds. */
async function tryConditions(bucket: Bucket): Promise<void> {
  const key = `.kt-probe-${randomUUID()}`;
  const once = { body: new Uint8Array(), condition: { ifAbsent: true } };
  try {
    await putIf(bucket, key, once);
    if ((await putIf(bucket, key, once)) === null) return;
  } catch (error) {
    if (codeOf(error) !== 'NotImplemented') throw s3Failed(error, 'write', { store: bucket.name, key });
  } finally {
    await deleteObjects(bucket, [bucket.at(key).Key]).catch(() => undefined);
  }
  throw new KtError({
    code: 'STORE_FAILED',
    path: '',
    message: `The server of ${bucket.name} does not keep conditions of puts (If-None-Match): two processes could drive one run.`,
    hint: 'Use a newer version of that server, or another store for runs.',
  });
}

const idsOf = (object: { metadata: Record<string, string> } | null): string[] =>
  object?.metadata[PUT_IDS]?.split(' ') ?? [];

/** Puts a stream of any length. An error of the stream itself passes through. */
async function upload(bucket: Bucket, key: string, body: AsyncIterable<Uint8Array>): Promise<string> {
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

/** A stream in memory. @throws KtError `STORE_FAILED` where it is too long. */
async function gathered(bucket: Bucket, key: string, body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    chunks.push(Uint8Array.from(chunk));
    size += chunk.length;
    if (size <= WHOLE_BYTES) continue;
    const what = `a stream of more than ${WHOLE_BYTES / 1024 / 1024} MiB cannot be put under a condition`;
    const hint =
      'Write it without a condition under a name of its own, and then a small object that names it.';
    const message = `Cannot write "${key}" in ${bucket.name}: ${what}.`;
    throw new KtError({ code: 'STORE_FAILED', message, path: '', hint });
  }
  return Buffer.concat(chunks);
}
