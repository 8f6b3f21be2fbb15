/**
 * Finds files of a store by pattern: `*`, `**`, `?`, `[ab]`, `{a,b}`; a backslash makes the next character
 * plain.
 */
import type { FileStore } from '../ports/index.js';
import { GlobMatcher } from './glob-matcher.js';
import { badPath, storePath } from './store-path.js';

const WILD = /[*?[\]{}\\]/;

/** Keys that match a pattern, sorted; lists only below the directories that the pattern names plainly. */
export async function fileGlob(store: FileStore, pattern: string): Promise<string[]> {
  const names = pattern.split('/');
  const firstWild = names.findIndex(name => WILD.test(name));
  if (firstWild < 0) {
    const key = storePath(pattern);
    return key !== '' && (await store.head(key)) !== null ? [key] : [];
  }
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
  const found: string[] = [];
  for await (const entry of store.list(prefix, options)) {
    if (entry.type === 'object' && matcher.matches(entry.object.key.slice(prefix.length)))
      found.push(entry.object.key);
  }
  return found.sort();
}
