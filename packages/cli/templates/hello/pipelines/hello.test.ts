import { testRun } from '@kube-transform/runtime/testing';
import { expect, test } from 'vitest';
import hello from './hello.js';

test('counts the words of all files', async () => {
  const run = await testRun(hello, {
    files: { 'data/a.txt': 'red fish', 'data/b.txt': 'Blue fish' },
    params: { top: 1 },
  });
  expect(run.result('report')).toEqual({ fish: 2 });
  expect(JSON.parse(await run.files.readText('out/words.json'))).toEqual({ fish: 2 });
});

test('a file that cannot be read at first is read again', async () => {
  const run = await testRun(hello, {
    files: { 'data/a.txt': 'fish' },
    faults: [{ kind: 'throw', step: 'count', item: 0 }],
  });
  expect(run.status).toBe('Completed');
  expect(run.attempts('count', 0)).toBe(2);
});

test('a store without files gets the samples', async () => {
  const run = await testRun(hello);
  expect(run.result('report')).toEqual({ the: 4, bird: 1, brown: 1 });
});
