/*
 * Deletes from a folder, never through a link: a link itself is deleted, and what lies behind one is refused.
 *
 * 1. Only the folders of runs may be links to elsewhere: no key of a user's leads there.
 * 2. What is put into a directory while it is being deleted may stay; deleting it again is no error.
 */
import { lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isOfRuns } from '../../ports/run-folders.js';
import { badPath } from '../store-key.js';
import { errnoOf, isAbsence } from './file-errors.js';

/** Files deleted at once. */
const AT_ONCE = 64;

/** Refuses keys in a directory that is a link, or below one. @throws KtError `BAD_PATH` */
export async function refuseBehindLinks(root: string, keys: readonly string[]): Promise<void> {
  const seen = new Set<string>();
  for (const key of keys) {
    if (isOfRuns(key)) continue;
    const names = key.split('/').slice(0, -1);
    for (let depth = names.length; depth > 0; depth--) {
      const dir = names.slice(0, depth).join('/');
      if (seen.has(dir)) break;
      seen.add(dir);
      if (await isLink(join(root, dir)))
        throw badPath(
          key,
          `lies behind the link "${dir}", and deleting goes through no link`,
          'Delete the link itself (`rmdir` does), or the file where it really is.',
        );
    }
  }
}

/** Deletes the file or the link at a path; a directory, or nothing, is no object and no error. */
export async function deleteFile(path: string | Buffer): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (isAbsence(error)) return;
    // Some systems say EPERM of a directory.
    if (errnoOf(error) === 'EPERM' && (await lstat(path)).isDirectory()) return;
    throw error;
  }
}

/** Deletes the directory at a path and all in it; where it is a link, the link. */
export async function deleteDirectory(path: string): Promise<void> {
  if (await isLink(path)) {
    await deleteFile(path);
    return;
  }
  // Paths are bytes, so that names which are no UTF-8 go too. Each directory comes after those it holds.
  const slash = Buffer.from('/');
  const found = [Buffer.from(path)];
  for (let at = 0; at < found.length; at++) {
    const dir = found[at] ?? slash;
    const files: Buffer[] = [];
    for (const entry of await entriesIn(dir))
      (entry.isDirectory() ? found : files).push(Buffer.concat([dir, slash, entry.name]));
    for (let from = 0; from < files.length; from += AT_ONCE)
      await Promise.all(files.slice(from, from + AT_ONCE).map(deleteFile));
  }
  for (const dir of found.reverse()) await deleteEmpty(dir);
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (error) {
    if (isAbsence(error)) return false;
    throw error;
  }
}

async function entriesIn(dir: Buffer) {
  try {
    return await readdir(dir, { encoding: 'buffer', withFileTypes: true });
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

async function deleteEmpty(dir: Buffer): Promise<void> {
  try {
    await rmdir(dir);
  } catch (error) {
    if (!isAbsence(error) && !['ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) throw error;
  }
}
