/** Deletes objects of a bucket, a thousand a request. */
import { DeleteObjectCommand, DeleteObjectsCommand } from './aws-sdk.js';
import type { Bucket } from './bucket.js';
import { isMissing, s3Failed } from './s3-errors.js';

const A_REQUEST = 1000;
/** What XML cannot hold, or changes: such keys go alone. */
const NOT_IN_XML = /[\u0000-\u001f\u007f-\u009f\ufffe\uffff]/;

/** Deletes objects and markers of folders; those that are not there are no error. */
export async function deleteObjects(bucket: Bucket, names: readonly string[]): Promise<void> {
  const { client, location } = bucket;
  const keys = names.map(name => bucket.of(name).Key);
  const isAlone = keys.length === 1 ? () => true : (key: string) => NOT_IN_XML.test(key);
  const together = keys.filter(key => !isAlone(key));
  try {
    for (const Key of keys.filter(isAlone))
      await client.send(new DeleteObjectCommand({ Bucket: location.bucket, Key })).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
    for (let i = 0; i < together.length; i += A_REQUEST) {
      const Objects = together.slice(i, i + A_REQUEST).map(Key => ({ Key }));
      const { Errors = [] } = await client.send(
        new DeleteObjectsCommand({ Bucket: location.bucket, Delete: { Objects, Quiet: true } }),
      );
      const [first] = Errors.filter(({ Code }) => Code !== 'NoSuchKey');
      if (first !== undefined)
        throw Object.assign(new Error(`${first.Key ?? ''}: ${first.Message ?? ''}`), { name: first.Code });
    }
  } catch (error) {
    throw s3Failed(error, 'delete', { store: bucket.name, key: names[0] ?? '' });
  }
}
