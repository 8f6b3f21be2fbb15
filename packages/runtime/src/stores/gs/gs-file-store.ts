/** A file store in a bucket of Google Cloud Storage. */
import type { FileStore } from '../../ports/index.js';
import { ConditionalPuts } from '../conditional-puts.js';
import { objectFileStore } from '../object-file-store.js';
import { putReady } from '../put-bodies.js';
import { GsBucket } from './gs-bucket.js';
import { copyObject, deleteObjects } from './gs-change.js';
import { pages } from './gs-list.js';
import { headObject, streamObject } from './gs-read.js';
import { gsLocationOf } from './gs-url.js';
import { putWays, putWhole } from './gs-write.js';

/**
 * Makes the file store of a URL such as `gs://bucket/prefix` (see gsLocationOf).
 *
 * Credentials are those that Google's tools find: `GOOGLE_APPLICATION_CREDENTIALS`, those of gcloud, workload
 * identity; the package google-auth-library finds them. A key has at most 1,024 bytes with the prefix. An
 * etag is a generation: each put has its own. An append reads the object and puts it back.
 *
 * @param options `isTried`: another process has tried whether the server keeps conditions of puts.
 * @throws KtError `UNKNOWN_STORE`. The store rejects with `PACKAGE_MISSING` without google-auth-library.
 */
export function gsFileStore(url: string, { isTried = false }: { isTried?: boolean } = {}): FileStore {
  const bucket = new GsBucket(gsLocationOf(url));
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
      check: key => bucket.check(key),
      head: async key => (await headObject(bucket, key))?.info ?? null,
      stream: (key, range) => streamObject(bucket, key, range),
      write: (key, { body, condition }) =>
        putReady(body, putWays(bucket, key), send => conditional.put(key, condition, send)),
      pages: listing => pages(bucket, listing),
      remove: keys => deleteObjects(bucket, keys),
      copy: (from, to) => copyObject(bucket, from, to),
      sign: (key, grant) => bucket.signedUrl(key, grant),
      close: () => undefined,
    },
    { kind: 'gs', url },
  );
}
