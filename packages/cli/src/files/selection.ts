/*
 * What is meant by a path of `kt files`: a file, all below a directory, or what matches a pattern.
 *
 * - A path that is there is meant as it stands, also where it looks like a pattern.
 * - A directory goes with its name: `in/a.csv` of `in` is `in/a.csv` below where it is put; of a pattern goes
 *   what follows the directories that it names plainly.
 */
import { KtError } from '@kube-transform/sdk';
import type { FileStore, ObjectInfo } from '@kube-transform/runtime';
import { directoryPrefix, globObjects, isGlob, lastName, storePath } from '@kube-transform/runtime/internal';

/** A file that is meant, and its name below where it is put. */
export interface Selected {
  info: ObjectInfo;
  name: string;
}

/** What a path is. */
export type Meant =
  | { kind: 'file'; info: ObjectInfo }
  /** `prefix` ends in "/"; empty: the store itself, which may be empty. */
  | { kind: 'directory'; prefix: string }
  | { kind: 'pattern'; prefix: string; objects: AsyncIterable<ObjectInfo> };

/** Finds out what is meant. @throws KtError `NOT_FOUND`, `BAD_PATH`. */
export async function meantBy(store: FileStore, path: string): Promise<Meant> {
  const key = storePath(path);
  if (key === '') return { kind: 'directory', prefix: '' };
  const info = path.endsWith('/') ? null : await store.head(key);
  if (info !== null) return { kind: 'file', info };
  if (await isDirectory(store, path)) return { kind: 'directory', prefix: `${key}/` };
  if (isGlob(path)) return { kind: 'pattern', ...globObjects(store, path) };
  throw notFound(path);
}

/** Whether a path is the store itself, or files are below it. */
export async function isDirectory(store: FileStore, path: string): Promise<boolean> {
  const prefix = directoryPrefix(path);
  if (prefix === '') return true;
  for await (const _ of store.list(prefix, { delimiter: '/' })) return true;
  return false;
}

/** All files that some paths mean. @throws KtError `NOT_FOUND` where one of them means nothing. */
export async function* selected(store: FileStore, paths: readonly string[]): AsyncGenerator<Selected, void> {
  for (const path of paths) {
    const meant = await meantBy(store, path);
    if (meant.kind === 'file') {
      yield { info: meant.info, name: lastName(meant.info.key) };
      continue;
    }
    const { prefix } = meant;
    const start = meant.kind === 'pattern' ? prefix.length : startOfName(prefix);
    let count = 0;
    for await (const info of meant.kind === 'pattern' ? meant.objects : objectsBelow(store, prefix)) {
      count++;
      yield { info, name: info.key.slice(start) };
    }
    if (count === 0 && (meant.kind === 'pattern' || prefix !== '')) throw notFound(path);
  }
}

/** All objects whose key begins with a prefix. */
export async function* objectsBelow(store: FileStore, prefix: string): AsyncGenerator<ObjectInfo, void> {
  for await (const entry of store.list(prefix)) if (entry.type === 'object') yield entry.object;
}

/** Where the last name of a directory's prefix begins. */
const startOfName = (prefix: string): number => prefix.lastIndexOf('/', prefix.length - 2) + 1;

/** Where something goes: into a directory, or under this very name. */
export interface Target {
  key: string;
  isDirectory: boolean;
}

/**
 * What is meant by a path to write to. `many`: it can only be a directory; else it is one where it says so,
 * by "/" at its end, or where files are below it.
 */
export async function targetOf(store: FileStore, path: string, { many }: { many: boolean }): Promise<Target> {
  const key = storePath(path);
  const isOne = many || key === '' || /(^|\/)\.{0,2}$/.test(path) || (await isDirectory(store, path));
  return { key, isDirectory: isOne };
}

/** The key of something that goes to a target. */
export const keyAt = ({ key, isDirectory: below }: Target, name: string): string =>
  !below ? key : key === '' ? name : `${key}/${name}`;

/** The error for a path that means nothing. */
export function notFound(path: string): KtError {
  return new KtError({
    code: 'NOT_FOUND',
    path,
    message: isGlob(path) ? 'No file matches it.' : 'There is no such file or directory in the store.',
    hint: 'See what is there with `kt files ls`; names are case-sensitive. What runs keep is shown with --all.',
  });
}
