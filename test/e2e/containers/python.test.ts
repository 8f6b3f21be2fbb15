/** Functions of Python by their names, in an image that has them, between two functions of TypeScript. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readResults } from '@kube-transform/runtime/internal';
import { kt, makeProject } from '../../kit/kt.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { pythonImage } from '../kit/python-image.js';

const FUNCTIONS = `import os, sys
def count(path, note):
    print('{"this": "is no result"}')
    print('warned', file=sys.stderr)
    with open(os.path.join(os.environ['DATA_DIR'], path)) as file:
        return {'path': path, 'lines': len(file.readlines()), 'note': note}
def join(parts, size):
    return {'total': sum(part['lines'] for part in parts), 'text': 'x' * size}
def fails():
    raise KeyError('no such column')
`;
const PIPELINE = `import * as z from 'zod';
import { ktFunction, type KtContext, pipeline } from '@kube-transform/sdk';
export const write = ktFunction(async ({ names }: { names: string[] }, { files }: KtContext) => {
  for (const [i, name] of names.entries()) await files.write('raw/' + name, 'line\\n'.repeat(i + 1));
  return names.map(name => 'raw/' + name);
});
export const tell = ktFunction(async ({ joined }: { joined: { total: number; text: string } | null }) =>
  ({ total: joined?.total ?? -1, size: joined?.text.length ?? -1 }));
const small = { cpu: '50m', memory: '128Mi' };
const inImage = { interpreter: 'python3.11' };
export default pipeline('neighbours', { params: z.object({ image: z.string(), note: z.string() }) })
  .job('write', write, () => ({ names: ['a', 'b', 'ü $(HOME)'] }), small)
  .pythons('count', ({ write, params }) =>
    write.each(path => ({ ...inImage, image: params.image, function: 'my_module.count', args: { path, note: params.note } })), small)
  .python('join', ({ count, params }) => ({
    ...inImage, image: params.image, function: 'my_module.join', args: { parts: count, size: 200_000 },
    result: { key: 'out/joined.json' }, output: z.object({ total: z.number(), text: z.string() }),
  }), small)
  .job('tell', tell, ({ join }) => ({ joined: join }), small);
export const failing = pipeline('failing', { params: z.object({ image: z.string() }) })
  .python('fails', ({ params }) => ({ ...inImage, image: params.image, function: 'my_module.fails' }), small);
`;

let cluster: TestCluster;
let dir: string;
let image: string | null;
beforeAll(async () => {
  cluster = await testCluster('python');
  dir = await makeProject({ 'pipelines/neighbours.ts': PIPELINE });
  image = await pythonImage({ 'kt_functions/__init__.py': '', 'kt_functions/my_module.py': FUNCTIONS });
}, 120_000);
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const submit = (name: string, runId: string, params: readonly string[]): ReturnType<typeof kt> =>
  kt(dir, ['submit', name, ...cluster.args, '--run-id', runId, '--follow', ...params]);
const note = 'say "ünï" $(KT_JOB) $HOME\n';

test('functions of Python give and take results between functions of TypeScript', async ({ skip }) => {
  if (image === null) return skip('no tool here that builds an image for the cluster');
  const ended = await submit('neighbours#neighbours', 'all', ['--param', `image=${image}`, '--note', note]);
  expect(ended.err + ended.out).toContain('Completed in');
  const paths = ['raw/a', 'raw/b', 'raw/ü $(HOME)'];
  expect(await readResults(cluster.store, 'all', 'count')).toEqual(
    paths.map((path, i) => ({ path, lines: i + 1, note })),
  );
  expect(await readResults(cluster.store, 'all', 'tell')).toEqual([{ total: 6, size: 200_000 }]);
  expect((await readFile(join(cluster.dir, 'out/joined.json'))).length).toBeGreaterThan(200_000);
});

test('a function of Python that throws is told with the last line of its traceback', async ({ skip }) => {
  if (image === null) return skip('no tool here that builds an image for the cluster');
  const ended = await submit('neighbours#failing', 'failing', ['--param', `image=${image}`]);
  expect(ended.code).toBe(1);
  expect(ended.err + ended.out).toContain("KeyError: 'no such column'");
});
