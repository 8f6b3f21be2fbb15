/** What drivers share of appending: groups of appends, and stores that can only put whole objects. */
import { isKtError } from '@kube-transform/sdk';
import type { FileStore } from '../ports/index.js';

/** Reads an object and puts it back with more at its end; false where another writer was quicker. */
export async function appendWhole(
  store: Pick<FileStore, 'head' | 'get' | 'put'>,
  key: string,
  bytes: Uint8Array,
): Promise<boolean> {
  const info = await store.head(key);
  if (info === null) return (await store.put(key, bytes, { ifAbsent: true })) !== null;
  try {
    const whole = concatenated([await store.get(key), bytes]);
    // Should the object have changed since `head`, the put does not match.
    return (await store.put(key, whole, { ifMatch: info.etag })) !== null;
  } catch (error) {
    if (isKtError(error) && error.code === 'NOT_FOUND') return false;
    throw error;
  }
}

/** Appends of this process to one object, of which those that come while one is under way go together. */
export function groupedAppends(
  append: (key: string, bytes: Uint8Array) => Promise<void>,
): (key: string, bytes: Uint8Array) => Promise<void> {
  const gathering = new Map<string, { parts: Uint8Array[]; done: Promise<void> }>();
  const last = new Map<string, Promise<void>>();
  return (key, bytes) => {
    const group = gathering.get(key);
    if (group !== undefined) {
      group.parts.push(bytes);
      return group.done;
    }
    const parts = [bytes];
    const begin = (): Promise<void> => {
      gathering.delete(key);
      return append(key, concatenated(parts));
    };
    const done = (last.get(key) ?? Promise.resolve()).then(begin, begin);
    gathering.set(key, { parts, done });
    last.set(key, done);
    const forget = (): void => {
      if (last.get(key) === done) last.delete(key);
    };
    done.then(forget, forget);
    return done;
  };
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
