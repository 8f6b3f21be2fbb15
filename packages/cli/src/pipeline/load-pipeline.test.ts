import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadFunctions, loadPipelines, loadPipeline } from './load-pipeline.js';

const before = process.cwd();
beforeAll(async () => {
  process.chdir(await realpath(await mkdtemp(join(tmpdir(), 'kt-load-'))));
  await writeFile('spec.json', '{"name":"p","jobs":[]}');
  await writeFile('bad.json', '{"name":"p"');
  await writeFile('wrong.json', '{"name":"p","jobs":[{"name":"a","type":"none"}]}');
});
afterAll(async () => {
  const dir = process.cwd();
  process.chdir(before);
  await rm(dir, { recursive: true });
});

test('loadPipelines - a folder without pipelines has none', async () => {
  expect(await loadPipelines([])).toEqual([]);
});

test('loadPipeline - a document without functions has no bundle', async () => {
  const [target, ...more] = await loadPipelines(['spec.json']);
  expect(more).toEqual([]);
  expect(target).toMatchObject({
    pipeline: { name: 'p' },
    bundle: null,
    source: { pipeline: null, functions: [], digest: '' },
  });
  expect(target?.catalog.names()).toEqual([]);
});

test.each([
  ['gone', 'UNKNOWN_PIPELINE'],
  ['gone.ts#one', 'UNKNOWN_PIPELINE'],
  ['bad.json', 'BAD_DOCUMENT'],
])('loadPipelines - %s is refused with %s', async (name, code) => {
  await expect(loadPipelines([name])).rejects.toMatchObject({ code });
});

test('loadPipeline - what is wrong with a document is told with its file', async () => {
  await expect(loadPipeline('wrong.json')).rejects.toMatchObject({
    problems: [{ path: expect.stringMatching(/^wrong\.json: jobs\[0\]/) }],
  });
});

test('loadFunctions - no modules are no functions', async () => {
  const { bundle, source } = await loadFunctions([]);
  expect({ bundle, source }).toEqual({
    bundle: null,
    source: { pipeline: null, functions: [], digest: '' },
  });
});
