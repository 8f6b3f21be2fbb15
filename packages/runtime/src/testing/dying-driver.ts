/** A driver that dies: what it is given of a store fails once enough facts are stored. */
import type { FileStore } from '../ports/index.js';
import { journalPrefix } from '../run-store/layout.js';
import { linesIn } from '../streams/lines.js';

/** What a driver dies of. */
export class DriverDied extends Error {}

/**
 * The store as a run's driver sees it: when the journal has `afterFacts` facts or more, the put that made it
 * so is done, and rejects with {@link DriverDied}. Once for each number.
 */
export function dyingStore(store: FileStore, runId: string, afterFacts: readonly number[]): FileStore {
  const deaths = [...afterFacts].sort((a, b) => a - b);
  let facts = 0;
  const put: FileStore['put'] = async (key, body, options) => {
    const etag = await store.put(key, body, options);
    if (etag === null || !key.startsWith(journalPrefix(runId)) || !(body instanceof Uint8Array)) return etag;
    facts += linesIn(body).length;
    if (facts < (deaths[0] ?? Number.POSITIVE_INFINITY)) return etag;
    deaths.shift();
    throw new DriverDied();
  };
  // A store may be an instance of a class: its methods stay its own.
  return new Proxy(store, {
    get: (_, name): unknown => {
      const member: unknown = name === 'put' ? put : Reflect.get(store, name, store);
      return typeof member === 'function' ? member.bind(store) : member;
    },
  });
}
