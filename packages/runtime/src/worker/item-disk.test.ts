/** What items have of the disk of their machine: folders that go with them, copies that they share. */
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { each, type KtContext, ktFunction, pipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { testRun } from '../testing/test-run.js';

test('scratch folders are empty, one an attempt, and go with it; downloads are shared', async () => {
  const seen: { dir: string; copy: string; item: number }[] = [];
  const uses = ktFunction({ name: 'uses' }, async ({ n }: { n: number }, ctx: KtContext) => {
    const dir = await ctx.scratch();
    expect([await ctx.scratch(), await readdir(dir)]).toEqual([dir, []]);
    await writeFile(join(dir, 'work'), String(n));
    const copy = await ctx.files.download('in/a.txt');
    seen.push({ dir, copy, item: n });
    if (ctx.attempt === 1 && n === 1) throw new Error('once');
    await ctx.files.upload(join(dir, 'work'), `out/${n}`);
    return await readFile(copy, 'utf8');
  });
  const items = [0, 1, 2, 3];
  const run = await testRun(
    pipeline('p').map('m', uses, () => each(items, n => ({ n })), { retries: 1 }),
    { files: { 'in/a.txt': 'of a' } },
  );
  expect(run.status).toBe('Completed');
  expect(run.result('m')).toEqual(items.map(() => 'of a'));
  expect([new Set(seen.map(({ dir }) => dir)).size, new Set(seen.map(({ copy }) => copy)).size]).toEqual([
    5, 1,
  ]);
  expect(seen.filter(({ dir }) => existsSync(dir))).toEqual([]);
  expect(await Promise.all(items.map(n => run.files.read(`out/${n}`)))).toEqual(['0', '1', '2', '3']);
});
