/*
 * `kt files cp`: copies files within a store, which the store does itself, or from one store to another.
 *
 * - A URL names a store of its own: `s3://BUCKET/PATH`, `file:PATH`. What stands behind its "?" is the
 *   store's.
 */
import { posix } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import {
  openPlace,
  type OpenPlace,
  type Opening,
  placeOf,
  type PlaceOptions,
  storeHere,
} from './open-place.js';
import { keyAt, meantBy, selected, targetOf } from './selection.js';
import { moveAll, type Tally, type Transfer, until } from './transfers.js';

/** A path in a store that is open. */
export interface PlacePath {
  place: OpenPlace;
  path: string;
}

/** Copies all files that a path means. @throws KtError `BAD_PATH` for a folder copied into itself. */
export async function copyFiles(from: PlacePath, to: PlacePath, transfer: Transfer): Promise<Tally> {
  const { readable } = from.place;
  const { store } = to.place;
  const meant = await meantBy(readable, from.path);
  const target = await targetOf(store, to.path, { many: meant.kind !== 'file' });
  store.refuseChange(target.key);
  const isWithin = from.place === to.place;
  if (isWithin && meant.kind !== 'file' && `${target.key}/`.startsWith(meant.prefix))
    throw new KtError({
      code: 'BAD_PATH',
      path: to.path,
      message: 'It lies below what is copied, and would be copied into itself.',
      hint: 'Copy it to another folder.',
    });
  return await moveAll(
    selected(readable, [from.path]),
    async ({ info: { key, size }, name }, moved) => {
      const goesTo = keyAt(target, name);
      if (isWithin && goesTo === key)
        return { action: 'skipped', path: key, to: goesTo, bytes: size, why: 'is the same file' };
      if (isWithin) await store.copy(key, goesTo);
      else await store.put(goesTo, until(transfer.signal, readable.stream(key), moved));
      if (isWithin) moved(size);
      return { action: 'copied', path: key, to: goesTo, bytes: size };
    },
    transfer,
  );
}

/** Opens what two paths name: one place where both are in it. */
export async function openBoth(
  typed: readonly [from: string, to: string],
  options: PlaceOptions,
  opening: Opening,
): Promise<{ from: PlacePath; to: PlacePath } & AsyncDisposable> {
  const opened: OpenPlace[] = [];
  let own: OpenPlace | undefined;
  const close = async (): Promise<void> => {
    for (const place of opened) await place[Symbol.asyncDispose]();
  };
  const open = async (text: string): Promise<PlacePath> => {
    const url = urlOf(text);
    if (url === null && own !== undefined) return { place: own, path: text };
    const place =
      url === null ? (own = await openPlace(options, opening)) : placeOf(await storeHere(url.store), options);
    opened.push(place);
    return { place, path: url?.path ?? text };
  };
  try {
    const from = await open(typed[0]);
    return { from, to: await open(typed[1]), [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The store and the path that a URL names; null for a path. */
export function urlOf(text: string): { store: string; path: string } | null {
  const [, scheme, rest = '', query = ''] = /^(s3|file):([^?]*)(\?.*)?$/s.exec(text) ?? [];
  if (scheme === undefined) return null;
  if (scheme === 's3') {
    const [, bucket = '', path = ''] = /^\/\/([^/]*)\/?(.*)$/s.exec(rest) ?? [];
    return { store: `s3://${bucket}${query}`, path };
  }
  const isFolder = rest === '' || /(^|\/)\.{0,2}$/.test(rest);
  const dir = isFolder ? rest || '.' : posix.dirname(rest);
  const store = `file:${rest.startsWith('//') && !dir.startsWith('//') ? `//${dir}` : dir}${query}`;
  return { store, path: isFolder ? '' : decodeURIComponent(posix.basename(rest)) };
}
