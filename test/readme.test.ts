/** What the README shows is run as it stands there. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kt } from './kit/kt.js';
import { read, root } from './kit/sources.js';

const blocks = [...read('README.md').matchAll(/```ts\n([\s\S]*?)```/g)].map(match => match[1] ?? '');

describe('the README', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'kt-readme-'));
    await mkdir(join(dir, 'pipelines'));
    await mkdir(join(dir, 'data'));
    await symlink(join(root, 'node_modules'), join(dir, 'node_modules'));
    await writeFile(join(dir, 'package.json'), '{ "type": "module", "private": true }');
    await writeFile(join(dir, 'data/a.txt'), 'one two three\n');
    await writeFile(join(dir, 'data/b.txt'), 'four\n');
    await writeFile(join(dir, 'pipelines/hello.ts'), blocks[0] ?? '');
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test.each(['in-process', 'processes'])('its pipeline runs, %s', async executor => {
    const { code, out, err } = await kt(dir, ['run', 'hello', '--dir', 'data', '--executor', executor]);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toContain('"words": 4');
  });

  test('its test passes', async () => {
    const module = (await import(/* @vite-ignore */ join(dir, 'pipelines/hello.ts'))) as { default: never };
    const { testRun } = await import('@kube-transform/runtime/testing');
    const run = await testRun(module.default, {
      files: { 'data/a.txt': 'one two' },
      faults: [{ kind: 'throw', step: 'count' }],
    });
    expect(blocks[1]).toContain("faults: [{ kind: 'throw', step: 'count' }]");
    expect(run.attempts('count', 0)).toBe(2);
    expect(run.result('report')).toEqual({ files: 1, words: 2 });
  });

  test('it names only commands that are there', async () => {
    const { out } = await kt(dir, ['--help']);
    const named = new Set([...read('README.md').matchAll(/\bnpx kt (\w+)/g)].map(match => match[1] ?? ''));
    expect([...named].filter(name => !out.includes(`  ${name} `))).toEqual([]);
  });
});
