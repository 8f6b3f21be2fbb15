/** Paths as people write them, made into keys and prefixes of a store. Pure. */
import { KtError } from '@kube-transform/sdk';
import { shown } from '../parse/stored-value.js';

/**
 * The key of a path; empty for the store itself. "./", "//", a "/" at the end and ".." within the path are
 * resolved.
 *
 * @throws KtError `BAD_PATH` for an absolute path, one that leaves the store, one with a NUL, and what is no
 * text.
 */
export function storePath(path: string): string {
  if (typeof (path as unknown) !== 'string') throw badPath(path, 'is no text', 'Give the path as text.');
  if (path.startsWith('/'))
    throw badPath(path, 'is absolute', 'Paths are relative to the store: leave out the first "/".');
  if (path.includes('\0')) throw badPath(path, 'contains a NUL character', 'Remove it.');
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined)
      throw badPath(path, 'leaves the store', 'Write a path below the store, without "..".');
  }
  return names.join('/');
}

/** The key of a file's path. @throws KtError `BAD_PATH` also for the store itself. */
export function filePath(path: string): string {
  const key = storePath(path);
  if (key === '') throw badPath(path, 'names the store itself', 'Name a file in it.');
  return key;
}

/** The prefix of all keys below a directory: "" for the store itself, else it ends in "/". */
export function directoryPrefix(path: string): string {
  const key = storePath(path);
  return key === '' ? '' : `${key}/`;
}

/** The last name of a path. */
export function lastName(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** The error for a path that is refused. */
export function badPath(path: string, wrong: string, hint: string): KtError {
  return new KtError({
    code: 'BAD_PATH',
    message: `The path ${shown(path, 300)} ${wrong}.`,
    path: '',
    hint,
  });
}
