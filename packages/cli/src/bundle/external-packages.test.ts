import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nativeReason, OutsidePackages } from './external-packages.js';

const LOOKS = 'export const text = readFileSync(new URL("./data.txt", import.meta.url));';
const FILES: Record<string, string> = {
  'node_modules/reader/package.json': '{"name":"reader","version":"1.2.3"}',
  'node_modules/reader/index.js': LOOKS,
  'node_modules/plain/package.json': '{"name":"plain","version":"1.0.0"}',
  'node_modules/plain/index.js': 'export const here = import.meta.url;',
  // The project itself does not find this one.
  'node_modules/plain/node_modules/hidden/package.json': '{"name":"hidden","version":"1.0.0"}',
  'node_modules/plain/node_modules/hidden/index.js': LOOKS,
  'node_modules/compiled/package.json': '{}',
  'node_modules/compiled/binding.gyp': '',
};

let dir: string;
beforeAll(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'kt-outside-')));
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
});
afterAll(() => rm(dir, { recursive: true }));

/** What a build took, as esbuild tells it. */
const taking = (...paths: string[]): Parameters<OutsidePackages['findIn']>[0] => ({
  outputs: {
    'out.mjs': {
      ...{ bytes: 1, imports: [], exports: [] },
      inputs: Object.fromEntries(paths.map(path => [path, { bytesInOutput: 1 }])),
    },
  },
});

test('OP1: OutsidePackages - a package that looks for files of its own stays outside, once', async () => {
  const outside = new OutsidePackages(dir);
  const build = taking('node_modules/reader/index.js', 'node_modules/plain/index.js', 'pipelines/a.ts');
  expect(await outside.findIn(build)).toBe(true);
  expect(await outside.findIn(build)).toBe(false);
  expect([...outside.found.values()]).toEqual([
    {
      name: 'reader',
      version: '1.2.3',
      dir: join(dir, 'node_modules/reader'),
      reason: 'looks for files beside its code',
      native: false,
    },
  ]);
});

test('OP2: OutsidePackages - one that the project itself does not find is bundled', async () => {
  const outside = new OutsidePackages(dir);
  expect(await outside.findIn(taking('node_modules/plain/node_modules/hidden/index.js'))).toBe(false);
});

test.each([
  ['a file for the compiler', 'compiled', {}, 'is compiled (binding.gyp)'],
  ['a field for the compiler', 'plain', { gypfile: true }, 'is compiled (binding.gyp)'],
  ['a main that is native', 'plain', { main: 'build/x.node' }, 'is native code'],
  [
    'a package for each platform',
    'plain',
    { optionalDependencies: { '@x/linux-x64': '1' } },
    'has native code for each platform (@x/linux-x64, …)',
  ],
  ['nothing of the kind', 'plain', { main: 'index.js' }, undefined],
])('OP1: nativeReason - %s', (_, name, manifest, expected) => {
  expect(nativeReason(join(dir, 'node_modules', name), manifest)).toBe(expected);
});
