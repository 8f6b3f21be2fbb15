/** What a `kt` that ended early leaves: the next one sweeps what is temporary, and goes on with the run. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
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

/** Skips what is there; the process ends at its last item until a file says that it may go on. */
const SKIPS = `import { each, type KtContext, ktFunction, pipeline } from '@kube-transform/sdk';
export const make = ktFunction(async ({ path }: { path: string }, { files }: KtContext) => {
  if (path === 'out/c' && !(await files.exists('go'))) process.exit(3);
  await files.write(path, '');
  return path.slice(-1);
});
export const sum = ktFunction(({ all }: { all: (string | null)[] }) => all.map(one => one ?? '-').join(''));
export default pipeline('p')
  .map('make', make, () => each(['out/a', 'out/b', 'out/c'], path => ({ path })), {
    outputs: path => [path],
    concurrency: 1,
  })
  .job('sum', sum, ({ make: all }) => ({ all }));
`;

test('a run that is resumed here - has what it had skipped, counts it, and says what has no result', async () => {
  const dir = await project({ 'p.ts': SKIPS });
  await mkdir(join(dir, 'data/out'), { recursive: true });
  await writeFile(join(dir, 'data/out/a'), 'made by others');
  const store = ['--store', `file:${join(dir, 'data')}`];
  expect((await kt(dir, ['run', 'p.ts', '--run-id', 'r', ...store])).code).toBe(130);
  await writeFile(join(dir, 'data/go'), '');
  const ended = await kt(dir, ['run', '--resume', 'r', ...store]);
  expect(ended.code).toBe(0);
  expect(ended.out).toContain('1 skipped');
  expect(ended.out).toContain('-bc');
  const { jobs } = JSON.parse((await runKt(dir, ['status', 'r', '--json', ...store])).out);
  // Whether the result of the second was stored before the process ended nobody can say.
  expect(jobs.make).toMatchObject({ status: 'Completed', items: 3, done: 3, failed: 0, unkept: 1 });
  expect([1, 2]).toContain(jobs.make.skipped);
});
