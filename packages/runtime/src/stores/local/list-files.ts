/*
 * Lists the objects of a folder, directory by directory, in byte order of their keys.
 *
 * 1. A link to a file is that file. A link to a folder is walked as that folder, but once: inside it no link
 *    to a folder is followed, nor anywhere one to a folder above it. So folders that link to each other
 *    multiply nothing. The directory to list may itself lie behind any number of links.
 * 2. No name is passed over: one that is not UTF-8, and so no key, is an error that shows it.
 * 3. A stack of its own holds where the walk is, so depth costs nothing but memory.
 */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import type { ListEntry } from '../../ports/index.js';
import { compareKeys } from '../store-key.js';
import { errnoOf, isAbsence } from './file-errors.js';
import { etagOf } from './etags.js';
import { TEMP_NAME } from './temp-files.js';

/** Files asked for their size and time at once. */
const AHEAD = 64;

/** What to list: names below the directory `dir` (a key that ends in "/", or "") that begin with `begin`. */
export interface Walk {
  root: string;
  dir: string;
  begin: string;
  delimiter: boolean;
  startAfter: string | undefined;
}

/** A file, or a directory to walk: the key of a directory ends in "/". */
interface Child {
  key: string;
  isDirectory: boolean;
  /** Whether the walk came here by a link. */
  linked: boolean;
}

/** A directory that is being walked: its children in order, and how many of them are done. */
interface Level {
  children: Child[];
  done: number;
  /** What is known of the children around `done`, a batch of {@link AHEAD}. */
  objects: (ListEntry | null)[];
}

/** What a listing gives, in order. A directory without files below it is not there. */
export async function* listLocalFiles(walk: Walk): AsyncGenerator<ListEntry> {
  yield* walkFrom(walk, { key: walk.dir, isDirectory: true, linked: false });
}

async function* walkFrom(walk: Walk, from: Child): AsyncGenerator<ListEntry> {
  const stack = [await openLevel(walk, from)];
  for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
    const child = level.children[level.done];
    if (child === undefined) {
      stack.pop();
      continue;
    }
    const at = level.done++ % AHEAD;
    if (at === 0) level.objects = await objectsOf(walk, level.children.slice(level.done - 1));
    const object = level.objects[at] ?? null;
    if (object !== null) yield object;
    else if (child.isDirectory && !walk.delimiter) stack.push(await openLevel({ ...walk, begin: '' }, child));
    else if (child.isDirectory && (await holdsFiles(walk, child)))
      yield { type: 'prefix', prefix: child.key };
  }
}

async function holdsFiles(walk: Walk, child: Child): Promise<boolean> {
  const inside = { ...walk, begin: '', delimiter: false, startAfter: undefined };
  for await (const _ of walkFrom(inside, child)) return true;
  return false;
}

async function openLevel(walk: Walk, { key: dir, linked }: Child): Promise<Level> {
  const path = join(walk.root, dir);
  const entries = (await entriesIn(path, walk.begin)).filter(
    ({ name }) => name.startsWith(walk.begin) && (dir !== '' || name !== TEMP_NAME),
  );
  const children = await Promise.all(
    entries.map(async (entry): Promise<Child | undefined> => {
      if (!entry.isSymbolicLink())
        return entry.isDirectory()
          ? { key: `${dir}${entry.name}/`, isDirectory: true, linked }
          : { key: dir + entry.name, isDirectory: false, linked };
      if (!(await isLinkToDirectory(join(path, entry.name))))
        return { key: dir + entry.name, isDirectory: false, linked };
      if (linked || (await leadsAbove(path, entry.name))) return undefined;
      return { key: `${dir}${entry.name}/`, isDirectory: true, linked: true };
    }),
  );
  return {
    children: children
      .filter(child => child !== undefined)
      .filter(({ key }) => isAfter(key, walk))
      .sort((a, b) => compareKeys(a.key, b.key)),
    done: 0,
    objects: [],
  };
}

/** The entries of a directory, at least those that begin so; none where there is no directory. */
async function entriesIn(path: string, begin: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    if (entries.some(({ name }) => name.includes('\ufffd'))) await refuseUnreadable(path, begin);
    return entries;
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}

/** Throws where a name that begins so is not UTF-8: Node gives such names as text that names no file. */
async function refuseUnreadable(path: string, begin: string): Promise<void> {
  const start = Buffer.from(begin);
  for (const name of await readdir(path, { encoding: 'buffer' })) {
    if (!name.subarray(0, start.length).equals(start) || Buffer.from(name.toString()).equals(name)) continue;
    const shown = name.toString('latin1').replaceAll(/[^ -~]/g, x => `\\x${x.charCodeAt(0).toString(16)}`);
    throw new KtError({
      code: 'STORE_FAILED',
      message: `The folder ${resolve(path)} holds a file whose name is not UTF-8: "${shown}".`,
      path: '',
      hint: 'Rename it, for example with `convmv`: by this name it can be neither listed nor read.',
    });
  }
}

async function isLinkToDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isAbsence(error) || errnoOf(error) === 'ELOOP') return false;
    throw error;
  }
}

/** Whether a link in a directory leads to that directory or to one above it. */
async function leadsAbove(dirPath: string, name: string): Promise<boolean> {
  try {
    const [dir, target] = await Promise.all([realpath(dirPath), realpath(join(dirPath, name))]);
    return `${dir}${sep}`.startsWith(target.endsWith(sep) ? target : `${target}${sep}`);
  } catch (error) {
    // It went away meanwhile.
    if (isAbsence(error)) return true;
    throw error;
  }
}

/** Whether a key, or with a directory's key anything below it, comes after where the listing starts. */
function isAfter(key: string, { startAfter, delimiter }: Walk): boolean {
  if (startAfter === undefined || compareKeys(key, startAfter) > 0) return true;
  return !delimiter && key.endsWith('/') && startAfter.startsWith(key);
}

async function objectsOf({ root }: Walk, children: Child[]): Promise<(ListEntry | null)[]> {
  return await Promise.all(
    children.slice(0, AHEAD).map(child => (child.isDirectory ? null : objectAt(root, child.key))),
  );
}

/** The object of a key; null where it went away meanwhile, or is no file (a pipe, a socket). */
async function objectAt(root: string, key: string): Promise<ListEntry | null> {
  try {
    const file = await stat(join(root, key), { bigint: true });
    if (!file.isFile()) return null;
    const info = { key, size: Number(file.size), modifiedMs: Number(file.mtimeMs), etag: etagOf(file) };
    return { type: 'object', object: info };
  } catch (error) {
    if (isAbsence(error) || errnoOf(error) === 'ELOOP') return null;
    throw error;
  }
}
