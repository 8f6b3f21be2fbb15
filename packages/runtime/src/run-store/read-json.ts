/** Reads the JSON that a store holds. */
import type { KtError } from '@kube-transform/sdk';
import type { FileStore } from '../ports/index.js';

const decoder = new TextDecoder();

/**
 * The JSON of an object, read in one request; null where there is no object. Rejects as `store.get` does
 * otherwise, and with a SyntaxError.
 */
export async function readJson<T>(store: FileStore, key: string): Promise<T | null> {
  let bytes: Uint8Array;
  try {
    bytes = await store.get(key);
  } catch (error) {
    if ((error as KtError).code === 'NOT_FOUND') return null;
    throw error;
  }
  return JSON.parse(decoder.decode(bytes)) as T;
}
