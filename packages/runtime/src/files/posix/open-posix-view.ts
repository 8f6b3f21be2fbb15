/** Opens node:fs-shaped views of a run when functions ask for them. */
import { KtError, type KtFs, type KtFsOptions } from '@kube-transform/sdk';
import { shown } from '../../parse/stored-value.js';
import type { FileStore } from '../../ports/index.js';
import { fileGlob } from '../glob.js';
import { type UserStore, userStore } from '../user-store.js';
import { makeScratchFolder } from '../disk/scratch-folder.js';
import type { Mount } from './mount.js';

/** Opens another store by its URL. */
type OpenOther = (url: string, options: { write: boolean }) => Promise<UserStore>;
/** Another store, and where it is mounted. */
interface Other {
  at: string;
  url: string;
  write: boolean;
}

const OWN = ['data', 'scratch', 'mem', '.', '..'];

/**
 * `ctx.fs` for a process: `/data` is the store, `/scratch` a folder that goes with the process, `/mem`
 * memory; all views have them in common, and those that ask for the same other stores are one. What is loaded
 * then shares no module with a worker's start but the SDK: shared ones would be files of their own in a
 * bundle, and each file costs every worker time.
 */
export function openPosixView(store: FileStore, open: OpenOther): (options?: KtFsOptions) => Promise<KtFs> {
  const views = new Map<string, Promise<KtFs>>();
  const mounted = new Map<UserStore, Mount>();
  const loaded = once(async () => {
    const posix = await import('./posix-view.js');
    return { ...posix, shared: posix.sharedMounts(userStore(store), await makeScratchFolder(), fileGlob) };
  });

  async function view(others: readonly Other[]): Promise<KtFs> {
    const { posixView, storeMount, shared } = await loaded();
    const mounts: Record<string, Mount> = {};
    for (const { at, url, write } of others) {
      const other = await open(url, { write });
      const mount = mounted.get(other) ?? storeMount(other);
      mounted.set(other, mount);
      mounts[at] = mount;
    }
    return await posixView(shared, mounts);
  }

  return async ({ mounts = {} } = {}) => {
    const others = Object.entries(mounts).map(([at, given]) => otherOf(at, given));
    const name = others
      .map(({ at, url, write }) => [at, url, write].join('\0'))
      .sort()
      .join('\0');
    const known = views.get(name) ?? view(others);
    views.set(name, known);
    return await known;
  };
}

/** @throws KtError `BAD_MOUNT`. */
function otherOf(at: string, given: string | { url: string; write?: boolean }): Other {
  const { url, write = false } = typeof given === 'string' ? { url: given } : given;
  if (/^\/[^/\0]+$/.test(at) && !OWN.includes(at.slice(1))) return { at, url, write };
  throw new KtError({
    code: 'BAD_MOUNT',
    path: '',
    message: `A store cannot be mounted at ${shown(at)}.`,
    hint: 'Give a "/" and one name, such as "/other"; /data, /scratch and /mem are taken.',
  });
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}
