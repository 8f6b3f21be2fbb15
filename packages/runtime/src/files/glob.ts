/**
 * Finds files of a store by pattern: `*`, `**`, `?`, `[ab]`, `{a,b}`; a backslash makes the next character
 * plain.
 */
import type { FileStore, ObjectInfo } from '../ports/index.js';
import { GlobMatcher } from './glob-matcher.js';
import { badPath, storePath } from './store-path.js';

const WILD = /[*?[\]{}\\]/;

/** Whether a path is a pattern. */
export const isGlob = (path: string): boolean => WILD.test(path);

/** Keys that match a pattern, sorted; lists only below the directories that the pattern names plainly. */
export async function fileGlob(store: Pick<FileStore, 'head' | 'list'>, pattern: string): Promise<string[]> {
  if (!isGlob(pattern)) {
    const key = storePath(pattern);
    return key !== '' && (await store.head(key)) !== null ? [key] : [];
  }
  const found: string[] = [];
  for await (const { key } of globObjects(store, pattern).objects) found.push(key);
  return found.sort();
}

/** What matches a pattern, as it is listed; `prefix` is that of the directories that it names plainly. */
export function globObjects(
  store: Pick<FileStore, 'list'>,
  pattern: string,
): { prefix: string; objects: AsyncIterable<ObjectInfo> } {
  const names = pattern.split('/');
  const firstWild = names.findIndex(isGlob);
  const rest = names.slice(firstWild).filter(name => name !== '' && name !== '.');
  if (pattern.startsWith('/') || rest.includes('..')) {
    throw badPath(
      pattern,
      'is absolute, or has ".." after a wildcard',
      'Write the pattern relative to the store, without "..".',
    );
  }
  const base = storePath(names.slice(0, firstWild).join('/'));
  const prefix = base === '' ? '' : `${base}/`;
  const matcher = new GlobMatcher(rest.filter((name, i) => name !== '**' || rest[i + 1] !== '**').join('/'));
  // A pattern for one directory need not look into those below.
  const options = rest.length === 1 && rest[0]?.includes('**') === false ? { delimiter: '/' as const } : {};
  async function* matching(): AsyncGenerator<ObjectInfo, void> {
    for await (const entry of store.list(prefix, options)) {
      if (entry.type === 'object' && matcher.matches(entry.object.key.slice(prefix.length)))
        yield entry.object;
    }
  }
  return { prefix, objects: matching() };
}
