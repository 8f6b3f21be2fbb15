/** Lists the pipelines of a project by the names of their files; quickly, for completion in the shell. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

const MODULE_FILE = /\.[cm]?[jt]s$/;

/** Names of the modules in `pipelines/`, without tests and declarations. */
export async function pipelineNames(cwd: string): Promise<string[]> {
  const files = await readdir(join(cwd, 'pipelines'), { withFileTypes: true }).catch(() => []);
  const modules = files.filter(
    file =>
      !file.isDirectory() && MODULE_FILE.test(file.name) && !/\.(test|spec|d)\.[cm]?[jt]s$/.test(file.name),
  );
  return [...new Set(modules.map(({ name }) => name.replace(MODULE_FILE, '')))].sort();
}
