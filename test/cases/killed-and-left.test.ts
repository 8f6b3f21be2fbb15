/** What a `kt` that was killed leaves in a project: the next one takes it away. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kt, project, runKt } from '../kit/kt.js';

const PIPELINE = `import { ktFunction, pipeline } from '@kube-transform/sdk';
export const f = ktFunction(async () => 1);
export default pipeline('p').job('f', f, () => ({}));
`;
const CONFIG = 'export default { contexts: {} };\n';
const DIES = `process.kill(process.pid, 'SIGKILL');\n`;

/** What is temporary in a project and in its store. */
const temporary = async (dir: string): Promise<string[]> =>
  (await readdir(dir, { recursive: true })).filter(path =>
    /^\.kt\/\.\w+-[^/]+$|^\.kt\/bundles\/\.new-[^/]+$|^\.kt-tmp\/./.test(path),
  );

test.each([
  ['reads the configuration', ['render', '--out', 'out'], { 'kt.config.ts': DIES + CONFIG }],
  ['makes a bundle', ['run', 'p.ts'], { 'p.ts': DIES + PIPELINE }],
])('kt is killed while it %s - nothing is left after the next', async (_, args, files) => {
  const dir = await project({ 'kt.config.ts': CONFIG, 'p.ts': PIPELINE, ...files });
  expect((await kt(dir, args)).code).toBe(null);
  expect(await temporary(dir)).toHaveLength(1);
  await writeFile(join(dir, 'kt.config.ts'), CONFIG);
  await writeFile(join(dir, 'p.ts'), PIPELINE);
  expect((await runKt(dir, args)).code).not.toBe(null);
  expect(await temporary(dir)).toEqual([]);
});
