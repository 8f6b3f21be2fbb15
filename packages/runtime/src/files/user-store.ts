/*
 * A store as functions see it: without the folders in which runs keep what they know.
 *
 * 1. Nothing in these folders is there to be read or listed; to write or delete there is refused.
 * 2. A listing does not walk through them: it starts again behind them.
 */
import { KtError } from '@kube-transform/sdk';
import type { FileStore } from '../ports/index.js';
import { isOfRuns } from '../ports/run-folders.js';
import { badPath } from './store-path.js';

/** The last thing that a key can begin with. */
const LAST = '\u{10ffff}';

/** The part of a store that belongs to its users. */
export interface UserStore extends FileStore {
  /** Refuses to change what may not be changed. @throws KtError `BAD_PATH`, `STORE_READ_ONLY` */
  refuseChange(key: string): void;
}

/**
 * A store as functions see it.
 *
 * @param options `write`: it may be changed; default true.
 */
export function userStore(store: FileStore | UserStore, { write = true } = {}): UserStore {
  if (write && 'refuseChange' in store) return store;
  const refuseChange = write ? refuseRuns : refuseAll(store);
  return {
    refuseChange,
    capabilities: store.capabilities,
    head: async key => (isOfRuns(key) ? null : await store.head(key)),
    async get(key, range) {
      refuseReading(key);
      return await store.get(key, range);
    },
    async *stream(key, range) {
      refuseReading(key);
      yield* store.stream(key, range);
    },
    async put(key, body, options) {
      refuseChange(key);
      return await store.put(key, body, options);
    },
    async append(key, bytes) {
      refuseChange(key);
      await store.append(key, bytes);
    },
    async *list(prefix, options = {}) {
      if (isOfRuns(prefix) && prefix.includes('/')) return;
      let { startAfter } = options;
      for (let hidden: string | undefined; ;) {
        const rest = { ...options, ...(startAfter === undefined ? {} : { startAfter }) };
        for await (const entry of store.list(prefix, rest)) {
          const name = entry.type === 'object' ? entry.object.key : entry.prefix;
          if (isOfRuns(name)) hidden = name;
          if (hidden !== undefined) break;
          yield entry;
        }
        if (hidden === undefined) return;
        const behind = `${hidden.slice(0, hidden.indexOf('/') + 1)}${LAST}`;
        startAfter = hidden.includes('/') && startAfter !== behind ? behind : hidden;
        hidden = undefined;
      }
    },
    async delete(keys) {
      keys.forEach(refuseChange);
      await store.delete(keys);
    },
    async deleteBelow(prefix) {
      refuseChange(prefix);
      await store.deleteBelow(prefix);
    },
    async copy(from, to) {
      refuseReading(from);
      refuseChange(to);
      await store.copy(from, to);
    },
    async signedUrl(key, grant) {
      if (grant.method === 'PUT') refuseChange(key);
      else refuseReading(key);
      return await store.signedUrl(key, grant);
    },
    [Symbol.asyncDispose]: async () => await store[Symbol.asyncDispose](),
  };
}

function refuseRuns(key: string): void {
  if (isOfRuns(key))
    throw badPath(
      key,
      'lies where the store keeps its runs, which functions cannot change',
      'Use another folder.',
    );
}

const refuseAll =
  ({ capabilities: { kind, url } }: FileStore) =>
  (key: string): never => {
    throw new KtError({
      code: 'STORE_READ_ONLY',
      message: `Cannot change "${key}" in ${url ?? `${kind}:`}: the store was opened to be read.`,
      path: '',
      hint: 'Open it with { write: true }, where that is meant.',
    });
  };

function refuseReading(key: string): void {
  if (!isOfRuns(key)) return;
  throw new KtError({
    code: 'NOT_FOUND',
    message: `Functions find no file "${key}": it lies where the store keeps its runs.`,
    path: '',
    hint: 'Use another folder; of runs tell `kt status` and `kt logs`.',
  });
}
