/** Finds the folder of a project, and its name. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { optional, parseText, record, text } from '@kube-transform/runtime/internal';

/** The nearest folder above a file that has a package.json; the file's own where there is none. */
export function projectDir(file: string): string {
  let at = dirname(file);
  while (!existsSync(join(at, 'package.json'))) {
    if (dirname(at) === at) return dirname(file);
    at = dirname(at);
  }
  return at;
}

/** The project that a folder is part of, by default the folder that the command runs in. */
export const projectAround = (folder = process.cwd()): string => projectDir(join(folder, 'package.json'));

const MANIFEST = record<{ name?: string }>({ name: optional(text) });

/** A project is called as its package is, or else as its folder. @throws KtError `BAD_PROJECT`. */
export async function projectName(dir: string): Promise<string> {
  const file = join(dir, 'package.json');
  if (!existsSync(file)) return basename(dir);
  const origin = { file, name: 'package.json', code: 'BAD_PROJECT', hint: 'Mend it.' };
  return parseText(MANIFEST, await readFile(file), origin).name ?? basename(dir);
}
