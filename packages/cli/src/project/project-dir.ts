import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest folder above a file that has a package.json; the file's own where there is none. */
export function projectDir(file: string): string {
  let at = dirname(file);
  while (!existsSync(join(at, 'package.json'))) {
    if (dirname(at) === at) return dirname(file);
    at = dirname(at);
  }
  return at;
}
