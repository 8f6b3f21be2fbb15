/** Finds the folder of a project, and its name. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

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

/** A project is called as its package is, or else as its folder. */
export async function projectName(dir: string): Promise<string> {
  const file = join(dir, 'package.json');
  const { name } = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as { name?: string }) : {};
  return name ?? basename(dir);
}
