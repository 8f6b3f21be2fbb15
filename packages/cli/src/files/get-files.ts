/** `kt files get`: fetches files of a store into a folder here. */
import { LocalTarget } from './local-target.js';
import type { OpenPlace } from './open-place.js';
import { selected } from './selection.js';
import { moveAll, type Tally, type Transfer, until } from './transfers.js';

/** Fetches all files that paths mean into a folder. */
export async function getFiles(
  { readable }: Pick<OpenPlace, 'readable'>,
  { paths, dir }: { paths: readonly string[]; dir: string },
  transfer: Transfer,
): Promise<Tally> {
  const target = new LocalTarget(dir);
  return await moveAll(
    selected(readable, paths),
    async ({ info, name }, moved) => {
      const read = (key: string, start: number): AsyncIterable<Uint8Array> =>
        until(transfer.signal, readable.stream(key, { start }), moved);
      const to = await target.fetch(info, name, { store: readable, read });
      const { key: path, size: bytes } = info;
      if (to === null) return { action: 'skipped', path, bytes, why: 'is there already' };
      return { action: 'got', path, to, bytes };
    },
    transfer,
  );
}
