/** Listings of servers that answer a page at a time, as stores give them. */
import type { ListEntry, ObjectInfo } from '../ports/index.js';
import { compareKeys } from './store-key.js';

/** What is listed: keys are those of the store. */
export interface Listing {
  prefix: string;
  delimiter?: '/';
  startAfter?: string;
}

/** One answer of a server: objects, also markers of folders that consoles make (`folder/`), and prefixes. */
export interface Page {
  objects: ObjectInfo[];
  prefixes: string[];
}

/** Objects and prefixes of all pages in byte order, without markers of folders. */
export async function* entriesOf(pages: AsyncIterable<Page>, listing: Listing): AsyncGenerator<ListEntry> {
  const { delimiter, startAfter } = listing;
  for await (const page of pages) {
    const entries: [name: string, entry: ListEntry][] = [
      ...page.objects.map((object): [string, ListEntry] => [object.key, { type: 'object', object }]),
      ...page.prefixes.map((prefix): [string, ListEntry] => [prefix, { type: 'prefix', prefix }]),
    ];
    if (delimiter !== undefined) entries.sort(([a], [b]) => compareKeys(a, b));
    for (const [name, entry] of entries) {
      if (startAfter !== undefined && compareKeys(name, startAfter) <= 0) continue;
      if (entry.type === 'object' && (name === '' || name.endsWith('/'))) continue;
      yield entry;
    }
  }
}
