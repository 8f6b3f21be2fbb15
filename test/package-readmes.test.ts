/** What the packages' own READMEs show runs as it stands there. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kt, run } from './kit/kt.js';
import { read, root } from './kit/sources.js';

/** The files that a page shows, by the path in their first line. */
const filesOf = (page: string): [path: string, text: string][] =>
  [...read(page).matchAll(/```ts\n\/\/ (\S+)[^\n]*\n([\s\S]*?)```/g)].map(([, path, text]) => [path!, text!]);

describe.each([
  { pages: ['packages/sdk/README.md', 'packages/runtime/README.md'], result: 'Completed in' },
  { pages: ['packages/formats/README.md'], result: 'Completed in' },
  { pages: ['packages/cli/README.md'], result: '"Hello, world!"' },
])('$pages', ({ pages, result }) => {
  const files = pages.flatMap(filesOf);
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kt-readmes-'));
    await mkdir(join(dir, 'pipelines'));
    await symlink(join(root, 'node_modules'), join(dir, 'node_modules'));
    await writeFile(join(dir, 'package.json'), '{ "type": "module", "private": true }');
    for (const [path, text] of files) await writeFile(join(dir, path), text);
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test('the pipeline runs', async () => {
    const { code, out, err } = await kt(dir, ['run', 'greet']);
    expect(err).toBe('');
    expect(out).toContain(result);
    expect(code).toBe(0);
  });

  if (!files.some(([path]) => path.endsWith('.test.ts'))) return;
  test('the test passes', async () => {
    const { code, out } = await run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), 'run'], {
      dir,
    });
    expect(out).toContain('1 passed');
    expect(code).toBe(0);
  });
});
