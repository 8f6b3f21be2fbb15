/** Lists objects of a bucket, a page of a thousand at a time. */
import { omitUndefined } from '@kube-transform/sdk';
import type { ListEntry } from '../../ports/index.js';
import { compareKeys } from '../store-key.js';
import { ListObjectsV2Command } from './aws-sdk.js';
import type { Bucket } from './bucket.js';
import { s3Failed } from './s3-errors.js';
import { plainEtag } from './s3-read.js';

/** What is listed: keys are those of the store. */
export interface Listing {
  prefix: string;
  delimiter?: '/';
  startAfter?: string;
}

/** Objects and prefixes in byte order, without the markers of folders that consoles make (`folder/`). */
export async function* listObjects(bucket: Bucket, listing: Listing): AsyncGenerator<ListEntry> {
  const { delimiter, startAfter } = listing;
  const start = bucket.location.prefix.length;
  for await (const page of pages(bucket, listing)) {
    const entries: [name: string, entry: ListEntry][] = [
      ...page.objects.map(({ key, size, modifiedMs, etag }): [string, ListEntry] => {
        const name = key.slice(start);
        return [name, { type: 'object', object: { key: name, size, modifiedMs, etag } }];
      }),
      ...page.prefixes.map((whole): [string, ListEntry] => {
        const prefix = whole.slice(start);
        return [prefix, { type: 'prefix', prefix }];
      }),
    ];
    if (delimiter !== undefined) entries.sort(([a], [b]) => compareKeys(a, b));
    for (const [name, entry] of entries) {
      if (startAfter !== undefined && compareKeys(name, startAfter) <= 0) continue;
      if (entry.type === 'object' && (name === '' || name.endsWith('/'))) continue;
      yield entry;
    }
  }
}

/** One answer of the server, with its own keys. */
interface Page {
  objects: { key: string; size: number; modifiedMs: number; etag: string }[];
  prefixes: string[];
}

/** All pages of a listing. */
export async function* pages(bucket: Bucket, listing: Listing): AsyncGenerator<Page> {
  const { prefix, delimiter, startAfter } = listing;
  const { location } = bucket;
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
          key: plain(Key),
          size: Size,
          modifiedMs: LastModified?.getTime() ?? 0,
          etag: plainEtag(ETag),
        })),
        prefixes: (page.CommonPrefixes ?? []).map(({ Prefix = '' }) => plain(Prefix)),
      };
      next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } catch (error) {
      throw s3Failed(error, 'list', { store: bucket.name, key: prefix });
    }
  } while (next !== undefined);
}

const decoded = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));
