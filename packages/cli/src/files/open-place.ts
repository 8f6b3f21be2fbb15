/*
 * Where `kt files` works: a store that this machine opens, or the volume of a context, through a pod.
 *
 * - What runs keep is neither shown nor changed; with `all` it is shown.
 */
import { KtError, omitUndefined } from '@kube-transform/sdk';
import type { FileStore } from '@kube-transform/runtime';
import { badPath, isOfRuns, userStore, type UserStore } from '@kube-transform/runtime/internal';
import type { Opening } from './open-volume.js';
import { isFolder } from '../project/resolve-context.js';

export type { Opening } from './open-volume.js';

/** What may be typed about where files are. */
export interface PlaceOptions {
  /** URL of a store, as this machine opens it; beside a context, as pods open it. */
  store?: string;
  context?: string;
  namespace?: string;
  kubeconfig?: string;
  volume?: string;
  /** Show what runs keep, too. */
  all?: boolean;
}

/** A store that is open. */
export interface OpenPlace extends AsyncDisposable {
  /** For changes: what runs keep is not there. */
  store: UserStore;
  /** For reading: as it was asked for. */
  readable: FileStore;
}

/**
 * Opens what is meant.
 *
 * @throws KtError `NO_STORE`, and what a URL, a context or a cluster is refused with.
 */
export async function openPlace(
  { all = false, store: url, ...cluster }: PlaceOptions,
  opening: Opening,
): Promise<OpenPlace> {
  const typed = omitUndefined(cluster);
  const whole =
    Object.keys(typed).length === 0
      ? await storeHere(url)
      : await storeOfContext(omitUndefined({ ...typed, store: url }), opening);
  return placeOf(whole, { all });
}

/** A store as a place. */
export function placeOf(whole: FileStore, { all = false }: { all?: boolean } = {}): OpenPlace {
  const store = guarded(userStore(whole));
  return {
    store,
    readable: all ? whole : store,
    [Symbol.asyncDispose]: async () => await whole[Symbol.asyncDispose](),
  };
}

/** Opens a store that was typed, else that of KT_STORE or DATA_DIR, else the folder it runs in. */
export async function storeHere(typed: string | undefined): Promise<FileStore> {
  const { openStore } = await import('@kube-transform/runtime');
  const url = typed ?? (process.env['KT_STORE'] || process.env['DATA_DIR'] || 'file:.');
  const store = await openStore(url);
  if (store.capabilities.kind !== 'mem') return store;
  throw new KtError({
    code: 'NO_STORE',
    path: '--store',
    message: 'The store "mem:" is the memory of one process, and is empty in every other.',
    hint: 'Name a folder or a bucket: --store file:DIR, --store s3://BUCKET/PREFIX.',
  });
}

/** The store of a context: a bucket is opened here, a volume by a pod. */
async function storeOfContext(typed: Omit<PlaceOptions, 'all'>, opening: Opening): Promise<FileStore> {
  const [{ openCluster, withContext }, { settingsOf }] = await Promise.all([
    import('../cluster/connect.js'),
    import('../cluster/run-settings.js'),
  ]);
  const context = await withContext(typed);
  if (context.store !== undefined && !isFolder(context.store)) return await storeHere(context.store);
  const api = await openCluster(context, opening.note);
  try {
    const settings = settingsOf(context, api.namespace);
    const { openVolume } = await import('./open-volume.js');
    return await openVolume(api, { settings, platform: context.platform, ...opening });
  } catch (error) {
    api.close();
    throw error;
  }
}

/** Refuses changes of what runs keep in the words of the command line. */
function guarded(store: UserStore): UserStore {
  const refuseChange = (key: string): void => {
    if (!isOfRuns(key)) return;
    throw badPath(
      key,
      'lies where the store keeps its runs, and files are neither put nor deleted there',
      'Use another folder; `kt gc` deletes runs.',
    );
  };
  return {
    ...store,
    refuseChange,
    async put(key, body, options) {
      refuseChange(key);
      return await store.put(key, body, options);
    },
    async delete(keys) {
      keys.forEach(refuseChange);
      await store.delete(keys);
    },
    async copy(from, to) {
      refuseChange(to);
      await store.copy(from, to);
    },
  };
}
