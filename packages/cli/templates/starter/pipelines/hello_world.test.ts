import { testRun } from '@kube-transform/runtime/testing';
import { expect, test } from 'vitest';
import hello, { prepend_hello_world_file } from './hello_world.js';

test('greets every line of every file', async () => {
  const run = await testRun(hello, {
    // What a dynamic step asks for is found by its name.
    functions: { hello_world: { prepend_hello_world_file } },
    files: { 'hello_world/raw/part_1.txt': 'A\nB', 'hello_world/raw/part_2.txt': 'C\n\nD\n' },
  });
  expect(run.status).toBe('Completed');
  expect(await run.files.readText('hello_world/processed/part_1.txt')).toBe('Hello World: A\nHello World: B');
  // The end of a file begins no line.
  expect(await run.files.readText('hello_world/processed/part_2.txt')).toBe(
    'Hello World: C\nHello World: \nHello World: D\n',
  );
});
