/** Finds the file that a name or a path on the command line means. */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { didYouMean, KtError } from '@kube-transform/sdk';
import { pipelineNames } from '../project/pipeline-names.js';

const EXTENSIONS = ['.ts', '.mts', '.js', '.mjs'];
const FOLDERS = ['.', 'pipelines', 'src/pipelines', 'src'];

/** The file that a name or path means. @throws KtError `UNKNOWN_PIPELINE` with what there is. */
export async function findFile(typed: string, cwd = process.cwd()): Promise<string> {
  const direct = isAbsolute(typed) ? typed : resolve(cwd, typed);
  if (/\.(json|[cm]?[jt]sx?)$/.test(typed)) {
    if (existsSync(direct)) return direct;
    throw new KtError({
      code: 'UNKNOWN_PIPELINE',
      path: typed,
      message: `There is no file "${typed}".`,
      hint: didYouMean(typed, await pipelineNames(cwd)) ?? 'Is the path right?',
    });
  }
  for (const folder of FOLDERS) {
    for (const extension of EXTENSIONS) {
      const file = resolve(cwd, folder, typed + extension);
      if (existsSync(file)) return file;
    }
  }
  const names = await pipelineNames(cwd);
  const hint =
    didYouMean(typed, names) ??
    (names.length > 0
      ? `There are: ${names.join(', ')}.`
      : 'Give the path of a file, or make a project with `kt init`.');
  throw new KtError({
    code: 'UNKNOWN_PIPELINE',
    path: typed,
    message: `There is no pipeline "${typed}": no such file here or in pipelines/.`,
    hint,
  });
}
