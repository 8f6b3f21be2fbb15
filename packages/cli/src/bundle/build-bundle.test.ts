import type { OutputFile } from 'esbuild';
import { expect, test } from 'vitest';
import { BANNER, withoutIdleBanner } from './build-bundle.js';

const file = (code: string, path = '/out/a.mjs'): OutputFile => {
  const text = `${BANNER}\n${code}`;
  return { path, text, contents: Buffer.from(text), hash: '' };
};
const textOf = (of: OutputFile): string => Buffer.from(withoutIdleBanner(of)).toString();

test('the banner stays where something needs what it declares', () => {
  for (const code of ['require("x");', 'console.log(__dirname);', 'f(__filename)']) expect(textOf(file(code))).toBe(`${BANNER}\n${code}`);
  expect(textOf(file('export{};', '/out/a.mjs.map'))).toContain(BANNER);
});

test('elsewhere it goes, and every line stays where it was', () => {
  expect(textOf(file('const required = 1;\nexport { required };'))).toBe('\nconst required = 1;\nexport { required };');
});
