/**
 * Opens the disk of a process when an item first asks for it. What is loaded then shares no module with a
 * worker's start but the SDK, as with the posix view.
 */
import type { FileStore } from '../../ports/index.js';
import type { LocalDisk } from './local-disk.js';
import { makeScratchFolder } from './scratch-folder.js';

/** What items ask of the disk; see {@link LocalDisk}. */
export type Disk = Pick<LocalDisk, 'folderOf' | 'download' | 'release'>;

/** The disk for files of a store, and of others; nothing is loaded or made before it is used. */
export function openDisk(store: FileStore): Disk {
  let disk: Promise<LocalDisk> | undefined;
  const opened = (): Promise<LocalDisk> =>
    (disk ??= import('./local-disk.js').then(
      loaded =>
        new loaded.LocalDisk(store, {
          makeRoot: makeScratchFolder,
          maxBytes: Number(process.env['KT_SCRATCH_BYTES']) || undefined,
        }),
    ));
  return {
    folderOf: async owner => (await opened()).folderOf(owner),
    download: async (key, owner, other) => (await opened()).download(key, owner, other),
    release: async owner => void (await (await disk)?.release(owner)),
  };
}
