/*
 * A file store in a bucket of Amazon S3 or of a server that speaks its protocol.
 *
 * 1. Each key is checked before a request is made of it.
 * 2. An etag is that of the content: the same bytes again have the same etag.
 */
import type { FileStore } from '../../ports/index.js';
import { appendWhole, groupedAppends } from '../appends.js';
import { checkDirectory, checkPrefix } from '../store-key.js';
import { Bucket } from './bucket.js';
import { s3Client } from './s3-client.js';
import { copyObject } from './s3-copy.js';
import { deleteObjects } from './s3-delete.js';
import { listObjects, pages } from './s3-list.js';
import { headObject, readObject, streamObject } from './s3-read.js';
import { s3LocationOf } from './s3-url.js';
import { writeObject } from './s3-write.js';

/**
 * Makes the file store of a URL such as `s3://bucket/prefix?endpoint=…&region=…` (see s3LocationOf).
 *
 * Credentials are those that the AWS tools find: environment, profile, web identity of a service account,
 * EKS Pod Identity, instance. A key has at most 1,024 bytes with the prefix. An append reads the object and
 * puts it back. A stream that is put under a condition has at most 64 MiB.
 *
 * @param options `isTried`: another process has tried whether the server keeps conditions of puts.
 * @throws KtError `UNKNOWN_STORE`.
 */
export function s3FileStore(url: string, { isTried = false }: { isTried?: boolean } = {}): FileStore {
  const location = s3LocationOf(url);
  const bucket = new Bucket(location, s3Client(location), isTried);
  const reader: Pick<FileStore, 'head' | 'get'> = {
    head: async key => (await headObject(bucket, key))?.info ?? null,
    get: (key, range) => readObject(bucket, key, range),
  };
  const put: FileStore['put'] = (key, body, condition = {}) => writeObject(bucket, key, { body, condition });
  const append = groupedAppends(async (key, bytes) => {
    // Each turn lost is another writer's won, so this ends.
    while (!(await appendWhole({ ...reader, put }, key, bytes)));
  });
  return {
    capabilities: { kind: 's3', url },
    ...reader,
    put,
    stream: (key, range) => streamObject(bucket, key, range),
    async append(key, bytes) {
      bucket.at(key);
      await append(key, Uint8Array.from(bytes));
    },
    async *list(prefix, options = {}) {
      checkPrefix(prefix);
      yield* listObjects(bucket, { prefix, ...options });
    },
    async delete(keys) {
      await deleteObjects(
        bucket,
        keys.map(key => bucket.at(key).Key),
      );
    },
    async deleteBelow(prefix) {
      checkDirectory(prefix);
      for await (const { objects } of pages(bucket, { prefix }))
        if (objects.length > 0)
          await deleteObjects(
            bucket,
            objects.map(({ key }) => key),
          );
    },
    copy: (from, to) => copyObject(bucket, from, to),
    async [Symbol.asyncDispose]() {
      bucket.client.destroy();
    },
  };
}
