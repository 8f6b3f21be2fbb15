/*
 * Lists the objects of a folder, directory by directory, in byte order of their keys.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dirent } from 'node:fs';
import type { ListEntry } from '../../ports/index.js';
import { isAbsence } from './file-errors.js';
import { etagOf, TEMP_NAME } from './temp-files.js';
import { compareKeys } from '../store-key.js';

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

interface Child {
  /** Key; ends in "/" for a directory. */
  key: string;
  path: string;
}

/**
 * What a listing gives, in order. A directory without files below it is not there; links to a directory above
 * are not followed.
 */
export async function* listLocalFiles(walk: Walk, above: readonly string[] = []): AsyncGenerator<ListEntry> {
  const dirPath = join(walk.root, walk.dir);
  const chain = [...above, await realpath(dirPath).catch(() => dirPath)];
  const children = await childrenOf(walk, dirPath);
  for (let at = 0; at < children.length; at += AHEAD) {
    const some = children.slice(at, at + AHEAD);
    const found = await Promise.all(some.map(child => (child.key.endsWith('/') ? null : objectAt(child))));
    for (const [i, child] of some.entries()) {
      const object = found[i];
      if (object) yield object;
      else if (object === null) yield* below(walk, child, chain);
    }
  }
}

async function* below(walk: Walk, child: Child, chain: readonly string[]): AsyncGenerator<ListEntry> {
  if (chain.includes(await realpath(child.path).catch(() => child.path))) return;
  const inside = { ...walk, dir: child.key, begin: '' };
  if (!walk.delimiter) {
    yield* listLocalFiles(inside, chain);
    return;
  }
  const first = await listLocalFiles({ ...inside, delimiter: false, startAfter: undefined }, chain).next();
  if (first.done !== true) yield { type: 'prefix', prefix: child.key };
}

async function childrenOf(walk: Walk, dirPath: string): Promise<Child[]> {
  let entries: Dirent[];
  try {
    entries = await readdir(dirPath, { withFileTypes: true });
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
  const children: Child[] = [];
  for (const entry of entries) {
    if (!entry.name.startsWith(walk.begin) || (walk.dir === '' && entry.name === TEMP_NAME)) continue;
    const path = join(dirPath, entry.name);
    const isDirectory = entry.isSymbolicLink()
      ? await stat(path).then(
          s => s.isDirectory(),
          () => false,
        )
      : entry.isDirectory();
    const child = { key: `${walk.dir}${entry.name}${isDirectory ? '/' : ''}`, path };
    if (isAfter(child.key, walk)) children.push(child);
  }
  return children.sort((a, b) => compareKeys(a.key, b.key));
}

/** Whether a key, or with a directory's key anything below it, comes after where the listing starts. */
function isAfter(key: string, { startAfter, delimiter }: Walk): boolean {
  if (startAfter === undefined || compareKeys(key, startAfter) > 0) return true;
  return !delimiter && key.endsWith('/') && startAfter.startsWith(key);
}

/** The object at a path; undefined where it went away meanwhile, or is no file (a pipe, a socket). */
async function objectAt({ key, path }: Child): Promise<ListEntry | undefined> {
  try {
    const file = await stat(path, { bigint: true });
    if (!file.isFile()) return undefined;
    return {
      type: 'object',
      object: { key, size: Number(file.size), modifiedMs: Number(file.mtimeMs), etag: etagOf(file) },
    };
  } catch (error) {
    if (isAbsence(error) || (error as { code?: string }).code === 'ELOOP') return undefined;
    throw error;
  }
}
