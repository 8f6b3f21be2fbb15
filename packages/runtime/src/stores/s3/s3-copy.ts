/** Copies objects of a bucket within the server, large ones in parts. */
import pLimit from 'p-limit';
import { notFound } from '../store-key.js';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  UploadPartCopyCommand,
} from './aws-sdk.js';
import type { Bucket } from './bucket.js';
import { codeOf, isMissing, s3Failed } from './s3-errors.js';
import { headObject } from './s3-read.js';

/** What one request may copy, by the limits of S3. */
const AT_ONCE_BYTES = 5 * 1024 ** 3;
const PART_BYTES = 512 * 1024 ** 2;
const PARTS_AT_ONCE = 4;

/** The source of a copy, as a header holds it. @throws KtError `BAD_PATH`. */
function sourceOf(bucket: Bucket, key: string): string {
  const source = bucket.at(key);
  return [source.Bucket, ...source.Key.split('/')].map(encodeURIComponent).join('/');
}

/** Copies an object. @throws KtError `NOT_FOUND`. */
export async function copyObject(bucket: Bucket, from: string, to: string): Promise<void> {
  const request = { ...bucket.at(to), ...bucket.encryption, CopySource: sourceOf(bucket, from) };
  try {
    if (from === to) {
      if ((await headObject(bucket, from)) === null) throw notFound(from, bucket.name);
      return;
    }
    await bucket.client.send(new CopyObjectCommand(request));
  } catch (error) {
    if (isMissing(error)) throw notFound(from, bucket.name);
    if (['InvalidRequest', 'EntityTooLarge', 'InvalidArgument'].includes(codeOf(error))) {
      const size = (await headObject(bucket, from))?.info.size ?? 0;
      if (size > AT_ONCE_BYTES) return await copyInParts(bucket, { from, to, size });
    }
    throw s3Failed(error, 'copy', { store: bucket.name, key: from });
  }
}

/** Copies an object in parts: `partBytes` each, the last one what is left. */
export async function copyInParts(
  bucket: Bucket,
  { from, to, size }: { from: string; to: string; size: number },
  partBytes: number = PART_BYTES,
): Promise<void> {
  const { client } = bucket;
  const target = bucket.at(to);
  const CopySource = sourceOf(bucket, from);
  let UploadId: string | undefined;
  try {
    ({ UploadId } = await client.send(new CreateMultipartUploadCommand({ ...target, ...bucket.encryption })));
    const limit = pLimit(PARTS_AT_ONCE);
    const Parts = await Promise.all(
      Array.from({ length: Math.ceil(size / partBytes) }, (_, i) =>
        limit(async () => {
          const CopySourceRange = `bytes=${i * partBytes}-${Math.min(size, (i + 1) * partBytes) - 1}`;
          const part = { ...target, UploadId, PartNumber: i + 1, CopySource, CopySourceRange };
          const { CopyPartResult } = await client.send(new UploadPartCopyCommand(part));
          return { PartNumber: i + 1, ETag: CopyPartResult?.ETag };
        }),
      ),
    );
    const done = { ...target, UploadId, MultipartUpload: { Parts } };
    await client.send(new CompleteMultipartUploadCommand(done));
  } catch (error) {
    if (UploadId !== undefined)
      await client.send(new AbortMultipartUploadCommand({ ...target, UploadId })).catch(() => undefined);
    throw s3Failed(error, 'copy', { store: bucket.name, key: from });
  }
}
