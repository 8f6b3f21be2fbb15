/**
 * Results kept across runs. Of `cache: true` the key is a hash of the functions' code, the function's name
 * and its arguments; of `outputs`, of the function's name and the files.
 */
import type { Json } from '@kube-transform/sdk';
import { parseText } from '../parse/parse-json.js';
import { json } from '../parse/shapes.js';
import { cacheKey } from './layout.js';
import type { FileStore } from '../ports/index.js';

const encoder = new TextEncoder();
const KEPT = { name: 'kept result', code: 'BAD_CACHE', hint: 'Delete the file: the result is made again.' };

/** JSON with the keys of objects in order, so that equal arguments give equal texts. */
function canonical(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const entries = Object.keys(value)
    .sort()
    .map(key => `${JSON.stringify(key)}:${canonical(value[key] ?? null)}`);
  return `{${entries.join(',')}}`;
}

/** SHA-256 in hex of what decides an item's result. */
export async function cacheHash(digest: string, name: string, args: Json): Promise<string> {
  const hash = await crypto.subtle.digest(
    'SHA-256',
    encoder.encode(`${digest}\n${name}\n${canonical(args)}`),
  );
  return Array.from(new Uint8Array(hash), byte => byte.toString(16).padStart(2, '0')).join('');
}

/** SHA-256 in hex of what an item makes: with the files its result is kept. */
export const outputsHash = (name: string, paths: Json[]): Promise<string> =>
  cacheHash('outputs', name, paths);

/** The result kept under a hash; undefined where there is none. */
export async function cachedResult(store: FileStore, hash: string): Promise<{ value: Json } | undefined> {
  if ((await store.head(cacheKey(hash))) === null) return undefined;
  const file = cacheKey(hash);
  return { value: parseText(json, await store.get(file), { ...KEPT, file }) };
}

/** Keeps a result; one that is there already stays, or is replaced. */
export async function keepResult(
  store: FileStore,
  hash: string,
  { value, replace = false }: { value: Json; replace?: boolean },
): Promise<void> {
  await store.put(cacheKey(hash), encoder.encode(JSON.stringify(value)), { ifAbsent: !replace });
}
