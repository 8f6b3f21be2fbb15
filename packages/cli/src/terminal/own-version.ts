/** The version of this package; what else could tell it takes longer to load. */
import { readFileSync } from 'node:fs';

/** Reads it: the files of the program (`dist/kt`) lie as deep as this one does. */
export function ownVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return /"version": "([^"]+)"/.exec(manifest)?.[1] ?? '';
}
