/** A file store in a bucket of Amazon S3 or of a server that speaks its protocol. */
import type { FileStore } from '../../ports/index.js';
import { ConditionalPuts } from '../conditional-puts.js';
import { objectFileStore } from '../object-file-store.js';
import { gathered } from '../put-bodies.js';
import { Bucket } from './bucket.js';
import { s3Client } from './s3-client.js';
import { copyObject } from './s3-copy.js';
import { deleteObjects } from './s3-delete.js';
import { pages } from './s3-list.js';
import { headObject, streamObject } from './s3-read.js';
import { signedUrl } from './s3-sign.js';
import { s3LocationOf } from './s3-url.js';
import { putWhole, upload } from './s3-write.js';

/** Of a stream that is put under a condition: it must fit into memory, as it goes up in one request. */
const WHOLE_BYTES = 64 * 1024 * 1024;

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
  const bucket = new Bucket(location, s3Client(location));
  const conditional = new ConditionalPuts(
    {
      name: bucket.name,
      head: key => headObject(bucket, key),
      putEmpty: (key, asked) => putWhole(bucket, { key, body: new Uint8Array() }, asked),
      remove: key => deleteObjects(bucket, [key]),
    },
    isTried,
  );
  return objectFileStore(
    {
      check: key => void bucket.at(key),
      head: async key => (await headObject(bucket, key))?.info ?? null,
      stream: (key, range) => streamObject(bucket, key, range),
      async write(key, { body, condition }) {
        const isConditional = condition.ifAbsent === true || condition.ifMatch !== undefined;
        if (!(body instanceof Uint8Array) && !isConditional) return upload(bucket, key, body);
        const whole = await gathered(body, WHOLE_BYTES, { store: bucket.name, key });
        return conditional.put(key, condition, asked => putWhole(bucket, { key, body: whole }, asked));
      },
      pages: listing => pages(bucket, listing),
      remove: keys => deleteObjects(bucket, keys),
      copy: (from, to) => copyObject(bucket, from, to),
      sign: (key, grant) => signedUrl(bucket, key, grant),
      close: () => bucket.client.destroy(),
    },
    { kind: 's3', url },
  );
}
