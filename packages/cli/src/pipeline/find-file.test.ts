import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findFile } from './find-file.js';

let dir: string;
beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'kt-find-')));
  for (const file of ['pipelines/flights.ts', 'src/pipelines/deep.mts', 'lone.js', 'spec.json']) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), '');
  }
});
afterAll(() => rm(dir, { recursive: true }));

test.each([
  ['flights', 'pipelines/flights.ts'],
  ['deep', 'src/pipelines/deep.mts'],
  ['lone', 'lone.js'],
  ['pipelines/flights', 'pipelines/flights.ts'],
  ['./pipelines/flights.ts', 'pipelines/flights.ts'],
  ['spec.json', 'spec.json'],
])('findFile - %s', async (typed, expected) => {
  expect(await findFile(typed, dir)).toBe(join(dir, expected));
});

test('findFile - a name that is not there is told with the nearest, a path with what it is', async () => {
  await expect(findFile('flight', dir)).rejects.toMatchObject({
    problems: [{ code: 'UNKNOWN_PIPELINE', hint: expect.stringContaining('"flights"') }],
  });
  await expect(findFile('nothing/of/the/kind', dir)).rejects.toMatchObject({
    problems: [{ code: 'UNKNOWN_PIPELINE', hint: 'There are: flights.' }],
  });
  await expect(findFile('gone.ts', dir)).rejects.toMatchObject({
    problems: [{ code: 'UNKNOWN_PIPELINE', message: 'There is no file "gone.ts".' }],
  });
});
