/** Lists whose length users decide: longer than what a call takes as arguments (some 120,000). */
import { ktFunction, type KTPipelineInput, pipeline } from '@kube-transform/sdk';
import { memoryFileStore, runPipeline } from '@kube-transform/runtime';
import { expect, test } from 'vitest';

test('a map over 200,000 items, and a step that reduces them - complete', async () => {
  const list = ktFunction(() => Array.from({ length: 200_000 }, (_, i) => i));
  const one = ktFunction(({ x }: { x: number }) => x);
  const sum = ktFunction(({ xs }: { xs: number[] }) => xs.reduce((a, b) => a + b, 0));
  const wide = pipeline('wide')
    .job('list', list, () => ({}))
    .map('one', one, ({ list: all }) => all.each(x => ({ x })))
    .job('sum', sum, ({ one: xs }) => ({ xs }));
  const run = await runPipeline(wide, { store: memoryFileStore() });
  expect(run.status).toBe('Completed');
  expect(await run.result('sum')).toBe(19_999_900_000);
});

test('150,000 jobs with nothing to run - complete', async () => {
  const jobs = Array.from({ length: 150_000 }, (_, i) => ({ type: 'static', name: `j${i}`, tasks: [] }));
  const document = { name: 'p', jobs } as KTPipelineInput;
  expect((await runPipeline(document, { store: memoryFileStore() })).status).toBe('Completed');
});
