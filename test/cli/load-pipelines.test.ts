/** Which pipelines are loaded from modules, by what is named. */
import { afterEach, expect, test } from 'vitest';
import { loadPipelines } from '../../packages/cli/src/pipeline/load-pipeline.js';
import { expectMistake, kt, project } from '../kit/kt.js';

const PIPELINES = (...names: string[]): string =>
  `import { ktFunction, pipeline } from '@kube-transform/sdk';
export const one = ktFunction(async () => 1);
${names.map(name => `export const ${name} = pipeline('${name}').job('one', one);`).join('\n')}
`;
const before = process.cwd();
afterEach(() => process.chdir(before));

const sources = async (names: readonly string[]): Promise<(string | null | undefined)[]> =>
  (await loadPipelines(names)).map(({ source }) => source?.pipeline);

test('loadPipelines - all of pipelines/, one of a module, each with the name that it is loaded by', async () => {
  process.chdir(
    await project({
      'pipelines/both.ts': PIPELINES('a', 'b'),
      'pipelines/single.ts': PIPELINES('c'),
      'pipelines/helpers.ts': PIPELINES(),
    }),
  );
  expect(await sources([])).toEqual(['pipelines/both.ts#a', 'pipelines/both.ts#b', 'pipelines/single.ts']);
  expect(await sources(['single', 'pipelines/both.ts#b'])).toEqual([
    'pipelines/single.ts',
    'pipelines/both.ts#b',
  ]);
  const [a, b] = await loadPipelines(['both']);
  expect(a?.bundle).toBe(b?.bundle);
  await expect(loadPipelines(['helpers'])).rejects.toMatchObject({
    problems: [{ code: 'NO_PIPELINE', path: 'pipelines/helpers.ts' }],
  });
});

test('kt deploy - what is wrong with a pipeline while the context is still read is no failure of kt', async () => {
  const slow =
    'await new Promise(resolve => setTimeout(resolve, 300));\nexport default { contexts: { a: { kubeContext: "none" } } };\n';
  const dir = await project({ 'kt.config.ts': slow });
  expectMistake(
    await kt(dir, ['deploy', 'nothing']),
    /^error (?:NO_KUBECONFIG|UNKNOWN_CONTEXT|UNKNOWN_PIPELINE) /,
  );
});
