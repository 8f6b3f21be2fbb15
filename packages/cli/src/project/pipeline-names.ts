/**
 * The pipelines of a project, by the names of their files. Light: completion asks for it at every press of
 * the key.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const MODULE = /\.[cm]?[jt]s$/;

/** Names of the modules in `pipelines/`, without tests and declarations. */
export async function pipelineNames(cwd: string): Promise<string[]> {
  const files = await readdir(join(cwd, 'pipelines'), { withFileTypes: true }).catch(() => []);
  const modules = files.filter(
    file => !file.isDirectory() && MODULE.test(file.name) && !/\.(test|spec|d)\.[cm]?[jt]s$/.test(file.name),
  );
  return [...new Set(modules.map(({ name }) => name.replace(MODULE, '')))].sort();
}
