import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { packed } from '../kubernetes/manifests/packed-bundle.js';
import { OUTSIDE } from './bundle-index.js';
import { loadPackages } from './load-packages.js';

const NAMES = ['works', 'wrong-platform', 'crashes', 'missing', 'half'];
const manifest = (name: string): string => JSON.stringify({ name, version: '1.0.0', main: 'index.js' });
const FILES: Record<string, string> = {
  'worker.mjs': '',
  [OUTSIDE]: JSON.stringify({
    packages: NAMES.map(name => ({ name, version: '1.0.0' })),
    ...{ platform: 'linux/x64/glibc', installed: '', files: {}, links: {} },
  }),
  ...Object.fromEntries(
    NAMES.filter(name => name !== 'missing').map(name => [
      `node_modules/${name}/package.json`,
      manifest(name),
    ]),
  ),
  'node_modules/works/index.js': 'console.log("noise");\nsetInterval(() => undefined, 1000);\n',
  'node_modules/wrong-platform/index.js': 'module.exports = require("./thing.node");\n',
  'node_modules/wrong-platform/thing.node': 'of another platform',
  'node_modules/crashes/index.js': 'process.kill(process.pid, "SIGSEGV");\nwhile (true);\n',
  'node_modules/half/index.js': 'require("./build/thing.node");\n',
};
const bodies = new Map(
  Object.entries(FILES).map(([name, text]): [string, Uint8Array] => [name, Buffer.from(text)]),
);

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'kt-load-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

test.each([
  ['packed', packed(bodies)],
  ['as it lies in an image', bodies],
])(
  'packages outside a bundle, %s - each is loaded, and what is said where it cannot be',
  async (_, files) => {
    const dir = folder();
    for (const [name, body] of files) {
      mkdirSync(dirname(join(dir, name)), { recursive: true });
      writeFileSync(join(dir, name), body);
    }
    expect(await loadPackages(dir, folder())).toEqual([
      { name: 'works', problem: null },
      {
        name: 'wrong-platform',
        problem: expect.stringMatching(/thing\.node: .*(short|ELF|slice|valid)/) as string,
      },
      { name: 'crashes', problem: 'the process that loads it was ended by SIGSEGV' },
      { name: 'missing', problem: expect.stringContaining("Cannot find package 'missing'") as string },
      { name: 'half', problem: "Cannot find module './build/thing.node'" },
    ]);
  },
);

test('packages outside a bundle - none where it has none', async () => {
  expect(await loadPackages(folder(), folder())).toEqual([]);
});
