/** Lists objects of a bucket, a page of a thousand at a time. */
import { list, optional, orElse, record, text } from '../../parse/shapes.js';
import type { Listing, Page } from '../listing.js';
import { asText } from '../http/http-client.js';
import { type GsBucket, type GsObject, OBJECT } from './gs-bucket.js';

const A_PAGE = '1000';
const PAGE = record<{ items: GsObject[]; prefixes: string[]; nextPageToken?: string }>({
  items: orElse(list(OBJECT), []),
  prefixes: orElse(list(text), []),
  nextPageToken: optional(text),
});

/** All pages of a listing. */
export async function* pages(bucket: GsBucket, listing: Listing): AsyncGenerator<Page> {
  const { prefix, delimiter, startAfter } = listing;
  const start = bucket.prefix.length;
  let next: string | undefined;
  do {
    const url = bucket.listUrl({
      ...{ prefix: bucket.prefix + prefix, delimiter, pageToken: next, maxResults: A_PAGE },
      // The first one may be this key, which the listing is to begin after.
      startOffset: startAfter === undefined ? undefined : bucket.prefix + startAfter,
      fields: 'items(name,size,updated,generation),prefixes,nextPageToken',
    });
    try {
      const { value } = await bucket.client.send({ method: 'GET', url }, asText);
      const page = bucket.parse(PAGE, value);
      yield {
        objects: page.items.map(item => bucket.found(item.name.slice(start), item).info),
        prefixes: page.prefixes.map(whole => whole.slice(start)),
      };
      next = page.nextPageToken === '' ? undefined : page.nextPageToken;
    } catch (error) {
      throw bucket.failed(error, 'list', prefix);
    }
  } while (next !== undefined);
}
