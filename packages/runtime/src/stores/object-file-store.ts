/*
 * A file store over a server that keeps whole objects by key.
 *
 * 1. Each key is checked before a request is made of it.
 * 2. An append reads the object and puts it back.
 */
import type { ByteRange, FileStore, ObjectInfo, PutOptions, UrlGrant } from '../ports/index.js';
import { appendWhole, groupedAppends } from './appends.js';
import { entriesOf, type Listing, type Page } from './listing.js';
import type { Body } from './put-bodies.js';
import { wholeOf } from './resumed-stream.js';
import { checkDirectory, checkPrefix } from './store-key.js';

/** What a driver does for a store; keys are those of the store. */
export interface Objects {
  /** Refuses a key that is none, or too long with the prefix of the store. @throws KtError `BAD_PATH`. */
  check(key: string): void;
  head(key: string): Promise<ObjectInfo | null>;
  stream(key: string, range: ByteRange | undefined): AsyncIterable<Uint8Array>;
  write(key: string, put: { body: Body; condition: PutOptions }): Promise<string | null>;
  /** All pages of a listing. */
  pages(listing: Listing): AsyncIterable<Page>;
  /** Deletes objects and markers of folders; those that are not there are no error. */
  remove(keys: readonly string[]): Promise<void>;
  copy(from: string, to: string): Promise<void>;
  sign(key: string, grant: UrlGrant): Promise<string>;
  close(): void;
}

/** Makes the store. */
export function objectFileStore(objects: Objects, capabilities: FileStore['capabilities']): FileStore {
  const reader: Pick<FileStore, 'head' | 'get'> = {
    async head(key) {
      objects.check(key);
      return objects.head(key);
    },
    async get(key, range) {
      objects.check(key);
      return wholeOf(() => objects.stream(key, range));
    },
  };
  const put: FileStore['put'] = async (key, body, condition = {}) => {
    objects.check(key);
    // A copy of its own, before anything is waited for.
    return objects.write(key, { body: body instanceof Uint8Array ? Uint8Array.from(body) : body, condition });
  };
  const append = groupedAppends(async (key, bytes) => {
    // Each turn lost is another writer's won, so this ends.
    while (!(await appendWhole({ ...reader, put }, key, bytes)));
  });
  return {
    capabilities,
    ...reader,
    put,
    async *stream(key, range) {
      objects.check(key);
      yield* objects.stream(key, range);
    },
    async append(key, bytes) {
      objects.check(key);
      await append(key, Uint8Array.from(bytes));
    },
    async *list(prefix, options = {}) {
      checkPrefix(prefix);
      const listing = { prefix, ...options };
      yield* entriesOf(objects.pages(listing), listing);
    },
    async delete(keys) {
      keys.forEach(key => objects.check(key));
      await objects.remove(keys);
    },
    async deleteBelow(prefix) {
      checkDirectory(prefix);
      for await (const page of objects.pages({ prefix }))
        if (page.objects.length > 0) await objects.remove(page.objects.map(({ key }) => key));
    },
    async copy(from, to) {
      objects.check(from);
      objects.check(to);
      await objects.copy(from, to);
    },
    async signedUrl(key, grant) {
      objects.check(key);
      return objects.sign(key, grant);
    },
    async [Symbol.asyncDispose]() {
      objects.close();
    },
  };
}
