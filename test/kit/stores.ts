/** Stores under test: bytes and texts, what is listed, and the errors of what is refused. */
import { isKtError, type KtError } from '@kube-transform/sdk';
import type { FileStore, ListEntry } from '../../packages/runtime/src/ports/index.js';
import { collect } from './collect.js';

/** Makes a test of the store that is open. */
export type Check = (title: string, run: (store: FileStore) => Promise<void>) => void;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (content: Uint8Array): string => new TextDecoder().decode(content);

/** A stream of texts. */
export async function* chunks(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield bytes(part);
}

export const nameOf = (entry: ListEntry): string =>
  entry.type === 'object' ? entry.object.key : entry.prefix;

/** The keys and the rolled-up prefixes below a prefix, in the order of the store. */
export const listed = async (
  store: FileStore,
  prefix: string,
  options?: { delimiter?: '/'; startAfter?: string },
): Promise<string[]> => (await collect(store.list(prefix, options))).map(nameOf);

/** The KtError that a promise rejects with. */
export async function rejection(promise: Promise<unknown>): Promise<KtError> {
  const error: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!isKtError(error)) throw new Error(`Not rejected with a KtError: ${String(error)}`);
  return error;
}
