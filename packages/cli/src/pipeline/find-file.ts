/** Finds the file that a name or a path on the command line means. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { didYouMean, KtError } from '@kube-transform/sdk';
import { pipelineNames } from '../project/pipeline-names.js';

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'];
const FOLDERS = ['.', 'pipelines', 'src/pipelines', 'src'];
const NONE = 'Give the path of a file, or make a project with `kt init`.';

/** The file that a name or path means. @throws KtError `UNKNOWN_PIPELINE` with what there is. */
export async function findFile(name: string, cwd = process.cwd()): Promise<string> {
  const isPath = /\.(json|[cm]?[jt]sx?)$/.test(name);
  const folders = isPath ? ['.'] : FOLDERS;
  const extensions = isPath ? [''] : EXTENSIONS;
  const file = folders
    .flatMap(folder => extensions.map(extension => resolve(cwd, folder, name + extension)))
    .find(path => existsSync(path));
  if (file !== undefined) return file;
  const names = await pipelineNames(cwd);
  const there = names.length > 0 ? `There are: ${names.join(', ')}.` : NONE;
  throw new KtError({
    code: 'UNKNOWN_PIPELINE',
    path: name,
    message: isPath
      ? `There is no file "${name}".`
      : `There is no pipeline "${name}": no such file here or in pipelines/.`,
    hint: didYouMean(name, names) ?? (isPath ? 'Is the path right?' : there),
  });
}
