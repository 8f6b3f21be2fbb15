/** Deletes objects of a bucket, some at once, and copies them within the server. */
import pLimit from 'p-limit';
import { flag, optional, record, text } from '../../parse/shapes.js';
import { asText } from '../http/http-client.js';
import { notFound } from '../store-key.js';
import { type GsBucket, isMissing } from './gs-bucket.js';

const DELETES_AT_ONCE = 32;
const REWRITTEN = record<{ done: boolean; rewriteToken?: string }>({
  done: flag,
  rewriteToken: optional(text),
});

/** Deletes objects and markers of folders; those that are not there are no error. */
export async function deleteObjects(bucket: GsBucket, keys: readonly string[]): Promise<void> {
  await pLimit(DELETES_AT_ONCE).map(keys, async key => {
    try {
      await bucket.client.send({ method: 'DELETE', url: bucket.urlOf(key) }, asText);
    } catch (error) {
      if (!isMissing(error)) throw bucket.failed(error, 'delete', key);
    }
  });
}

/** Copies an object; a large one takes several requests. @throws KtError `NOT_FOUND`. */
export async function copyObject(bucket: GsBucket, from: string, to: string): Promise<void> {
  let rewriteToken: string | undefined;
  try {
    do {
      const url = bucket.urlOf(
        from,
        { rewriteToken, fields: 'done,rewriteToken' },
        `/rewriteTo${bucket.pathOf(to)}`,
      );
      const { value } = await bucket.client.send({ method: 'POST', url }, asText);
      const rewritten = bucket.parse(REWRITTEN, value);
      rewriteToken = rewritten.done ? undefined : rewritten.rewriteToken;
    } while (rewriteToken !== undefined);
  } catch (error) {
    throw isMissing(error) ? notFound(from, bucket.name) : bucket.failed(error, 'copy', from);
  }
}
