/** Container steps in `testRun`, where fakes stand for containers. */
import { ktFunction, type KtContext, pipeline, text } from '@kube-transform/sdk';
import { testRun } from '@kube-transform/runtime/testing';
import { expect, expectTypeOf, test } from 'vitest';
import * as z from 'zod';

const list = ktFunction(async (_: object, { files }: KtContext) => files.glob('raw/*.csv'));
const same = ktFunction(({ of }: { of: unknown }) => of === 3);
const total = ktFunction(({ counts }: { counts: ({ rows: number } | null)[] }) =>
  counts.reduce((sum, count) => sum + (count?.rows ?? 0), 0),
);

const etl = pipeline('etl', { params: z.object({ day: z.string() }) })
  .job('list', list)
  .containers('count', ({ list, params }) =>
    list.each(file => ({
      image: 'tools/wc:1',
      args: ['--day', params.day, text`in=${file}`],
      output: z.object({ rows: z.number() }),
      result: { file: '/tmp/result.json' },
    })),
  )
  .job('total', total, ({ count }) => ({ counts: count }))
  .container('publish', ({ total, params }) => ({
    image: 'tools/publish:1',
    command: ['publish', total],
    env: { DAY: params.day, ROWS: total },
    outputs: [text`out/${params.day}.txt`],
    result: 'text',
  }));

const given = {
  params: { day: '2026-11-28' },
  files: { 'raw/a.csv': '1\n2\n', 'raw/b.csv': '3\n' },
};

test('containers and functions give each other results and files', async () => {
  const seen: unknown[] = [];
  const run = await testRun(etl, {
    ...given,
    containers: {
      count: async ({ args, files, command, index }) => {
        seen.push({ args, command, index });
        const lines = (await files.readText((args[2] ?? '').slice(3))).trim().split('\n');
        return { output: 'counted', result: { rows: lines.length } };
      },
      publish: async ({ env, command, files }) => {
        await files.write(`out/${env['DAY'] ?? ''}.txt`, `${command?.[1] ?? ''} rows`);
        return { output: 'one line\npublished\n' };
      },
    },
  });
  expect(run.status, JSON.stringify(run.cause('publish') ?? run.cause('count'))).toBe('Completed');
  expect(run.result('total')).toBe(3);
  expect(run.result('publish')).toBe('published');
  expectTypeOf(run.result('publish')).toEqualTypeOf<string | null>();
  expect(seen).toEqual([
    { args: ['--day', '2026-11-28', 'in=raw/a.csv'], command: null, index: 0 },
    { args: ['--day', '2026-11-28', 'in=raw/b.csv'], command: null, index: 1 },
  ]);
  expect(await run.files.readText('out/2026-11-28.txt')).toBe('3 rows');
});

const one = pipeline('one').container(
  'make',
  { image: 'x', outputs: ['out/a'], exitCodes: { skip: [99], final: [2] } },
  { retries: 2 },
);

test('a container that has not made its output fails, and says which', async () => {
  const run = await testRun(one, { containers: { make: () => undefined } });
  expect(run.cause('make')?.message).toBe(
    'Step "make", item 0: it ended well, but has not made "out/a", which its "outputs" name.',
  );
  expect(run.attempts('make')).toBe(1);
});

test('a container whose output is there is skipped', async () => {
  const run = await testRun(one, { files: { 'out/a': 'made' } });
  expect(run.status).toBe('Completed');
  expect(run.attempts('make')).toBe(0);
});

test('an exit code that means skip is no failure', async () => {
  const run = await testRun(one, { containers: { make: () => ({ exitCode: 99 }) } });
  expect(run.status).toBe('Completed');
});

test('a final exit code is not tried again, others are', async () => {
  const final = await testRun(one, { containers: { make: () => ({ exitCode: 2, output: 'bad sql' }) } });
  expect(final.cause('make')?.message).toBe('The container ended with exit code 2. It said: bad sql');
  expect(final.attempts('make')).toBe(1);
  const again = await testRun(one, { containers: { make: () => ({ exitCode: 1 }) } });
  expect(again.attempts('make')).toBe(3);
});

test('a step without a fake says how to give one', async () => {
  const run = await testRun(one);
  expect(run.cause('make')?.message).toContain('this test has no fake for it');
});

test('an input that is newer than the output has the container run again', async () => {
  const read = pipeline('read').container('sort', { image: 'x', inputs: ['raw'], outputs: ['out'] });
  let runs = 0;
  const sort = async ({ files }: { files: KtContext['files'] }): Promise<void> => {
    runs++;
    await files.write('out', 'sorted');
  };
  const first = await testRun(read, { files: { raw: 'b\na' }, containers: { sort } });
  await testRun(read, { store: first.store, containers: { sort } });
  expect(runs).toBe(1);
  const later = await first.files.stat('out');
  while ((await first.files.stat('raw')).modifiedMs <= later.modifiedMs)
    await first.files.write('raw', 'c\nb');
  await testRun(read, { store: first.store, containers: { sort } });
  expect(runs).toBe(2);
});

test('what a schema does not allow fails in a step of its own', async () => {
  const run = await testRun(etl, {
    ...given,
    containers: { count: () => ({ result: { rows: 'many' } }), publish: () => undefined },
  });
  expect(run.statuses).toMatchObject({ count: 'Completed', 'count.checked': 'Failed' });
  expect(run.cause('count.checked' as 'count')?.message).toContain('result.rows');
});

const seen: string[] = [];
const makes = (name: string): { image: string; outputs: string[] } => ({
  image: 'x',
  outputs: [`out/${name}`],
});
/** Makes its file, later than all that there are. */
const fake =
  (name: string) =>
  async ({ files }: { files: KtContext['files'] }): Promise<void> => {
    seen.push(name);
    const others = (await files.glob('out/*')).filter(path => path !== `out/${name}`);
    const newest = Math.max(
      0,
      ...(await Promise.all(others.map(async path => (await files.stat(path)).modifiedMs))),
    );
    do await files.write(`out/${name}`, name);
    while ((await files.stat(`out/${name}`)).modifiedMs <= newest);
  };
const dag = pipeline('dag')
  .container('fetch', { image: 'x' })
  .container('left', makes('left'), { after: ['fetch'] })
  .container('right', makes('right'), { after: ['fetch'] })
  .container('between', { image: 'x' }, { after: ['right'] })
  .container('last', makes('last'), { after: ['left', 'between'] });
const names = ['fetch', 'left', 'right', 'between', 'last'];
const containers = Object.fromEntries(
  names.map(name => [name, ['fetch', 'between'].includes(name) ? () => void seen.push(name) : fake(name)]),
);

test('UN1, UN2: a step is left out where all that waits for it is made, and what is gone is made anew', async () => {
  const first = await testRun(dag, { containers });
  expect(seen.splice(0)).toEqual(names);
  const again = async (...gone: string[]): Promise<string[]> => {
    for (const name of gone) await first.files.remove(`out/${name}`);
    const run = await testRun(dag, { containers, store: first.store });
    expect(run.status).toBe('Completed');
    return seen.splice(0);
  };
  expect(await again()).toEqual([]);
  expect(await again('right')).toEqual(['fetch', 'right', 'between', 'last']);
  expect(await again('last')).toEqual(['between', 'last']);
  expect(await again('left', 'right')).toEqual(names);
  expect(await again()).toEqual([]);
});

test('UN1: a step that is made and uses the result of one that is left out - is skipped', async () => {
  const twice = pipeline('twice')
    .container('count', { image: 'x', result: 'json' })
    .container('publish', ({ count }) => ({
      image: 'x',
      args: [text`${count as never}`],
      outputs: ['out/published'],
    }))
    .job('again', same, ({ count }) => ({ of: count }), { after: ['publish'], outputs: ['out/published'] });
  const fakes = {
    count: () => ({ output: '3' }),
    publish: ({ files, args }: { files: KtContext['files']; args: readonly string[] }) =>
      files.write('out/published', args.join()),
  };
  const first = await testRun(twice, { containers: fakes });
  expect(await first.files.readText('out/published')).toBe('3');
  const again = await testRun(twice, { store: first.store });
  expect(again.status, JSON.stringify(again.cause('publish'))).toBe('Completed');
});
