/** What a run that was resumed says of what it had skipped before. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kt, project, runKt } from '../kit/kt.js';

const PIPELINE = `import { each, type KtContext, ktFunction, pipeline } from '@kube-transform/sdk';
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
  const dir = await project({ 'p.ts': PIPELINE });
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
