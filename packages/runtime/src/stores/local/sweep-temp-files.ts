/*
 * Takes away what dead processes left among the temporary files of a store; each process does so once, before
 * its first write.
 *
 * 1. What a live process of this host made is never touched, however old. Of other hosts and containers,
 *    where nobody can tell whether a process lives, only what is older than a day is, by the store's clock.
 * 2. A lock goes the way in which a stale lock is taken over (file-lock.ts), an undo file with its key's lock
 *    held.
 */
import { readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { undoneKey } from './append-file.js';
import { isLockHeld, lifeOfHolder, removeStaleLock } from './file-lock.js';
import type { KeyLocks } from './key-locks.js';
import { folderTimeMs, isAbandoned } from '../../process/process-identity.js';

/** Sweeps the folder of temporary files of a store. */
export async function sweepTempFiles(dir: string, locks: KeyLocks): Promise<void> {
  let nowMs: Promise<number> | undefined;
  const removeLeft = async (path: string, life?: 'alive' | 'dead' | 'unknown'): Promise<void> => {
    if (await isAbandoned(path, () => (nowMs ??= folderTimeMs(dir)), life))
      await unlink(path).catch(() => undefined);
  };
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    switch (name.slice(0, name.indexOf('-'))) {
      case 't':
      case 'claim':
      case 'clock':
        await removeLeft(path);
        break;
      case 'steal':
        await removeLeft(path, await lifeOfHolder(path));
        break;
      case 'lock':
        await removeStaleLock(dir, name);
        break;
      case 'undo': {
        const key = await undoneKey(path);
        if (key === undefined) await removeLeft(path, 'unknown');
        else if (!(await isLockHeld(dir, name.replace('undo', 'lock'))))
          await locks.run(key, async () => undefined);
        break;
      }
      default:
        break;
    }
  }
}
