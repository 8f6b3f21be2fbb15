/** Lists objects of a bucket, a page of a thousand at a time. */
import { omitUndefined } from '@kube-transform/sdk';
import type { Listing, Page } from '../listing.js';
import { ListObjectsV2Command } from './aws-sdk.js';
import type { Bucket } from './bucket.js';
import { s3Failed } from './s3-errors.js';
import { plainEtag } from './s3-read.js';

/** All pages of a listing. */
export async function* pages(bucket: Bucket, listing: Listing): AsyncGenerator<Page> {
  const { prefix, delimiter, startAfter } = listing;
  const { location } = bucket;
  const start = location.prefix.length;
  let next: string | undefined;
  do {
    try {
      const page = await bucket.client.send(
        new ListObjectsV2Command({
          Bucket: location.bucket,
          Prefix: location.prefix + prefix,
          // Keys may hold what XML cannot.
          EncodingType: 'url',
          ...omitUndefined({
            Delimiter: delimiter,
            StartAfter: startAfter === undefined ? undefined : location.prefix + startAfter,
            ContinuationToken: next,
          }),
        }),
      );
      const plain = page.EncodingType === 'url' ? decoded : (text: string) => text;
      yield {
        objects: (page.Contents ?? []).map(({ Key = '', Size = 0, LastModified, ETag }) => ({
          key: plain(Key).slice(start),
          size: Size,
          modifiedMs: LastModified?.getTime() ?? 0,
          etag: plainEtag(ETag),
        })),
        prefixes: (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => plain(Prefix).slice(start)),
      };
      next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } catch (error) {
      throw s3Failed(error, 'list', { store: bucket.name, key: prefix });
    }
  } while (next !== undefined);
}

const decoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));
