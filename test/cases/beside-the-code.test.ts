/** Code that looks for files beside itself finds them in a bundle, or is refused with what to write. */
import { join } from 'node:path';
import { definitionOf, type AnyFunction, type KtError } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { makeBundle } from '../../packages/cli/src/bundle/make-bundle.js';
import { project, runKt } from '../kit/kt.js';

const CODE = `import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ktFunction, pipeline } from '@kube-transform/sdk';
const here = dirname(fileURLToPath(import.meta.url));
export const rates = ktFunction(() => (existsSync(join(here, 'rates.json')) ? 'rates of the file' : 'default rates'));
export default pipeline('beside-the-code').job('rates', rates);
`;
const FILES = { 'rates.json': '{"eur":1}', 'data.json': '{"usd":2}', 'package.json': '{"type":"module"}' };

test('a file beside the code - is refused with the line, and with what brings it along', async () => {
  const dir = await project({ ...FILES, 'beside-the-code.ts': CODE });
  const { code, err } = await runKt(dir, ['run', 'beside-the-code.ts', '--store', 'file:s']);
  expect(code).not.toBe(0);
  expect(err).toMatch(/beside-the-code\.ts:5:\d+: .*Write new URL\('\.\/rates\.json', import\.meta\.url\)/);
});

const isKtFunction = (value: unknown): value is AnyFunction => definitionOf(value) !== undefined;
const HEAD = `import { readFileSync } from 'node:fs'; import { createRequire } from 'node:module'; import { join } from 'node:path'; import { ktFunction } from '@kube-transform/sdk';
export const name = 'data'; export const read = file => JSON.parse(readFileSync(file, 'utf8')).usd;
`;
const functionOf = (way: string, i: number): string => `export const f${i} = ktFunction(async () => ${way});`;
const bundled = async (ways: readonly string[]) => {
  const dir = await project({ ...FILES, 'way.js': HEAD + ways.map(functionOf).join('\n') });
  return makeBundle({ entries: [join(dir, 'way.js')], projectDir: dir });
};

test('ways to a file beside the code that a bundle can follow - give the file', async () => {
  const ways = [
    "read(new URL('./data.json', import.meta.url))",
    'read(new URL(`./data.json`, import.meta.url))',
    "(await import('./data.json')).default.usd",
  ];
  const { catalog } = await bundled(ways);
  const { modules } = (await import(catalog)) as {
    modules: Record<string, () => Promise<Record<string, unknown>>>;
  };
  const functions = Object.values((await modules['way']?.()) ?? {}).filter(fn => isKtFunction(fn));
  expect(await Promise.all(functions.map(fn => fn({}, {})))).toEqual([2, 2, 2]);
});

test('ways to a file beside the code that it cannot - are all refused, each with its line', async () => {
  const ways = [
    "read(new URL('data.json', import.meta.url))",
    "read(join(import.meta.dirname, 'data.json'))",
    "read(join(__dirname, 'data.json'))",
    "createRequire(import.meta.url)('./data.json').usd",
    "(await import('./' + name + '.json', { with: { type: 'json' } })).default.usd",
    'read(new URL(`./${name}.json`, import.meta.url))',
    "read(new URL(import.meta.resolve('./data.json')))",
  ];
  const error: unknown = await bundled(ways).catch((thrown: unknown) => thrown);
  const lines = (error as KtError).problems.map(({ path, message }) => `${path} ${message}`);
  for (const [i] of ways.entries())
    expect(lines, ways[i]).toContainEqual(expect.stringContaining(`way.js:${i + 3}:`));
});
