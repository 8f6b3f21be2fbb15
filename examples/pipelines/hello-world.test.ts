import { readFile } from 'node:fs/promises';
import { testRun } from '@kube-transform/runtime/testing';
import type { KTPipelineInput } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import * as hello_world from '../kt_functions/hello_world.js';
import helloWorld from './hello-world.js';

const fromExamples = (path: string): Promise<string> =>
  readFile(new URL(`../${path}`, import.meta.url), 'utf8');
const RAW = {
  'examples/data/hello_world/raw/part_1.txt': await fromExamples('data/hello_world/raw/part_1.txt'),
  'examples/data/hello_world/raw/part_2.txt': await fromExamples('data/hello_world/raw/part_2.txt'),
};

test.each([
  ['the typed pipeline', helloWorld],
  ['the document', JSON.parse(await fromExamples('hello-world.json')) as KTPipelineInput],
])('%s greets every line of every file', async (_, pipeline) => {
  const run = await testRun(pipeline, { files: RAW, functions: { hello_world } });
  expect(run.statuses).toEqual({
    'prepend-hello-world': 'Completed',
    'prepend-hello-world-files': 'Completed',
  });
  expect(await run.files.listdir('out/hello_world/processed')).toEqual(['part_1.txt', 'part_2.txt']);
  expect(await run.files.readText('out/hello_world/processed/part_1.txt')).toBe(
    'Hello World: A\nHello World: B',
  );
  expect(await run.files.readText('out/hello_world/processed/part_2.txt')).toBe(
    'Hello World: C\nHello World: D',
  );
});

test('a newline at the end of a file begins no line', async () => {
  const run = await testRun(helloWorld, {
    params: { inputDirectory: 'in' },
    files: { 'in/a.txt': 'A\n\nB\n' },
    functions: { hello_world },
  });
  expect(await run.files.readText('out/hello_world/processed/a.txt')).toBe(
    'Hello World: A\nHello World: \nHello World: B\n',
  );
});

test('an empty directory is no failure', async () => {
  const run = await testRun(helloWorld, { functions: { hello_world } });
  expect(run.status).toBe('Completed');
});
