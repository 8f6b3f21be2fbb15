/** Says which files on disk are not what would be rendered. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

/**
 * Paths below `out` of files that are missing, other than their texts, or strangers in a folder of `ours`,
 * which holds nothing else.
 */
export async function staleFiles(
  out: string,
  { files, ours }: { files: ReadonlyMap<string, string>; ours: readonly string[] },
): Promise<string[]> {
  const stale: string[] = [];
  for (const [path, text] of files)
    if ((await readFile(join(out, path), 'utf8').catch(() => null)) !== text) stale.push(path);
  for (const folder of ours)
    for (const path of await filesBelow(out, folder)) if (!files.has(path)) stale.push(path);
  return stale;
}

async function filesBelow(out: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(out, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter(entry => !entry.isDirectory())
    .map(entry => relative(out, join(entry.parentPath, entry.name)).replaceAll(sep, '/'));
}
