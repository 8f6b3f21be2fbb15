/**
 * One source, three places: in this process, in worker processes and in a cluster, with the same bytes as
 * outcome.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../kit/sources.js';
import { kt } from '../../kit/kt.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';

const INPUTS = [
  'examples/data/hello_world/raw',
  'node_modules/vega-datasets/data/flights-3m.parquet',
  'node_modules/vega-datasets/data/airports.csv',
];
const EXAMPLES = [
  { name: 'hello-world', args: [join(root, 'examples/pipelines/hello-world.ts')] },
  { name: 'grow', args: [join(root, 'examples/pipelines/grow.ts')] },
  { name: 'flights', args: [join(root, 'examples/pipelines/flights.ts')] },
  {
    name: 'a document of kube-transform',
    args: [
      join(root, 'examples/hello-world.json'),
      '--functions',
      join(root, 'examples/kt_functions/hello_world.ts'),
    ],
  },
];
let cluster: TestCluster;
let here: string;

beforeAll(async () => {
  cluster = await testCluster('examples');
  here = await mkdtemp(join(tmpdir(), 'kt-e2e-here-'));
  for (const place of [cluster.dir, ...['in-process', 'processes'].map(name => join(here, name))]) {
    for (const input of INPUTS) {
      await mkdir(join(place, input, '..'), { recursive: true });
      await cp(join(root, input), join(place, input), { recursive: true });
    }
  }
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(here, { recursive: true, force: true });
});

/** Everything that a run made, outside its own records. */
async function outputs(dir: string): Promise<Record<string, string>> {
  const files = await readdir(dir, { recursive: true, withFileTypes: true });
  const made = files.filter(
    file => file.isFile() && !/kt-metadata|\.kt-tmp|node_modules|examples\/data/.test(file.parentPath),
  );
  const texts = await Promise.all(
    made.map(async file => [
      join(file.parentPath, file.name).slice(dir.length),
      await readFile(join(file.parentPath, file.name), 'utf8'),
    ]),
  );
  return Object.fromEntries(texts) as Record<string, string>;
}

test.each(EXAMPLES)('$name gives the same bytes everywhere', async ({ name, args }) => {
  // The example that grows writes into a folder named by its run.
  const run = ['--run-id', `same-${name.replaceAll(' ', '-')}`];
  for (const executor of ['in-process', 'processes']) {
    const ended = await kt(root, [
      'run',
      ...args,
      ...run,
      '--executor',
      executor,
      '--store',
      `file:${join(here, executor)}`,
    ]);
    expect(ended.err + ended.out).toContain('Completed');
  }
  const submitted = await kt(root, ['submit', ...args, ...run, ...cluster.args, '--follow']);
  expect(submitted.out + submitted.err).toContain('Completed in');
  expect(submitted.code).toBe(0);
  const expected = await outputs(join(here, 'in-process'));
  expect(Object.keys(expected).length).toBeGreaterThan(0);
  expect(await outputs(join(here, 'processes'))).toEqual(expected);
  expect(await outputs(cluster.dir)).toEqual(expected);
});
