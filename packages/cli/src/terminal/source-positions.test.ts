import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { stackReader } from './source-positions.js';

/** A bundle with a file whose second line comes from line 5 of `pipelines/a.ts`. */
async function bundle(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'kt-positions-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(
    join(dir, 'a-X.mjs.map'),
    JSON.stringify({ version: 3, sources: ['../pipelines/a.ts'], names: [], mappings: ';AAIA' }),
  );
  return dir;
}

test('positions of a bundle here and in pods become those of the source', async () => {
  const dir = await bundle();
  const cwd = join(dir, '..');
  const here = `Error: x\n    at f (${pathToFileURL(dir).href}/a-X.mjs:2:1)\n    at node:internal/y:1:1`;
  expect(stackReader({ cwd })(here)).toBe('Error: x\n    at f (pipelines/a.ts:5:1)');
  for (const folder of ['kt/bundle', 'kt/bundle/..2026_11_21_15_20_28.17', 'tmp/kt-bundle']) {
    const there = `Error: x\n    at f (file:///${folder}/a-X.mjs:2:1)`;
    expect(stackReader({ cwd, bundleDir: dir })(there)).toBe('Error: x\n    at f (pipelines/a.ts:5:1)');
    expect(stackReader({ cwd })(there)).toBe('Error: x\n    at f (a-X.mjs:2:1)');
    expect(stackReader({ cwd, bundleDir: dir })(there.replace('a-X', 'b-X'))).toBe(
      'Error: x\n    at f (b-X.mjs:2:1)',
    );
  }
});
