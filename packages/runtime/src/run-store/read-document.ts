/** Reads documents that a store holds. */
import { isKtError } from '@kube-transform/sdk';
import type { Format } from '../parse/format.js';
import type { FileStore } from '../ports/index.js';

/**
 * A document, read in one request; null where there is none. Rejects as `store.get` and `Format.parse` do
 * otherwise.
 */
export async function readDocument<T extends object>(
  store: FileStore,
  key: string,
  format: Format<T>,
): Promise<T | null> {
  let bytes: Uint8Array;
  try {
    bytes = await store.get(key);
  } catch (error) {
    if (isKtError(error) && error.code === 'NOT_FOUND') return null;
    throw error;
  }
  return format.parse(bytes, key);
}
