/** Runs here that another process drives: followed, read as they go, and left alone. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectMistake, kt, project } from '../kit/kt.js';

const GATED = `import { ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
export const work = ktFunction({ input: z.object({ i: z.number() }), retries: 1, backoff: { initial: '1ms' } }, async ({ i }, { log, files, attempt }) => {
  log.info('begun ' + i);
  if (attempt === 1) throw new Error('again');
  while (!(await files.exists('go'))) await new Promise(resolve => setTimeout(resolve, 20));
  return i;
});
export const list = ktFunction(async () => [0, 1]);
export default pipeline('gated', {})
  .job('list', list)
  .map('work', work, ({ list: found }) => found.each(i => ({ i })));
`;

test('kt status -f, kt logs -f - a run of another process, to its end; Ctrl-C leaves it alone', async () => {
  const dir = await project({ 'pipelines/gated.ts': GATED });
  let left: Promise<unknown> | undefined;
  let logs: ReturnType<typeof kt> | undefined;
  let status: ReturnType<typeof kt> | undefined;
  const run = kt(dir, ['run', 'gated', '--run-id', 'gated'], out => {
    if (!out.includes('work: 2 items') || left !== undefined) return;
    logs = kt(dir, ['logs', 'gated', '-f', '--json']);
    status = kt(dir, ['status', 'gated', '-f']);
    left = interrupted(dir).finally(() => writeFile(join(dir, 'go'), ''));
  });
  const ended = await run;
  await left;
  expect(ended.code).toBe(0);
  const attempts = ((await logs)?.out ?? '')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { item: number; attempt: number })
    .map(({ item, attempt }) => `${item}#${attempt}`);
  expect(attempts.sort()).toEqual(['0#1', '0#2', '1#1', '1#2']);
  expect(await status).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Completed in .*: 2 steps\. Run gated$/m) as string,
  });
  const previous = await kt(dir, ['logs', 'gated', '--previous']);
  expect(previous.out.match(/#1 info/g)).toHaveLength(2);
  expect(previous.out).not.toContain('#2');
  expectMistake(await kt(dir, ['logs', 'gated', '-f', '--failed']), /BAD_OPTIONS {2}--follow/);
});

async function interrupted(dir: string): Promise<void> {
  const ended = await kt(dir, ['status', 'gated', '-f'], (_, kill) => kill('SIGINT'));
  expect(ended.code).toBe(130);
  expect(ended.err).toContain('The run goes on. Come back to it: kt status gated --follow');
  expectMistake(await kt(dir, ['cancel', 'gated']), /RUN_IS_DRIVEN.*Press Ctrl-C where it runs/);
}
