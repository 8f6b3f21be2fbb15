import type { OutputFile } from 'esbuild';
import { expect, test } from 'vitest';
import { BANNER, withoutIdleImports } from './build-bundle.js';

const file = (code: string, path = '/out/a.mjs'): OutputFile => {
  const text = `${BANNER}\n${code}`;
  return { path, text, contents: Buffer.from(text), hash: '' };
};
const textOf = (of: OutputFile): string => Buffer.from(withoutIdleImports(of)).toString();

test('withoutIdleImports - the banner stays where something needs what it declares', () => {
  for (const code of ['require("x");', 'console.log(__dirname);', 'f(__filename)'])
    expect(textOf(file(code))).toBe(`${BANNER}\n${code}`);
  expect(textOf(file('export{};', '/out/a.mjs.map'))).toContain(BANNER);
});

test('withoutIdleImports - elsewhere the banner goes, and every line stays where it was', () => {
  expect(textOf(file('const required = 1;\nexport { required };'))).toBe(
    '\nconst required = 1;\nexport { required };',
  );
});

test('withoutIdleImports - an import of helpers that takes nothing goes, and every column stays where it was', () => {
  const code = 'import{a}from"./chunk-A.mjs";import"./chunk-A.mjs";import"./chunk-B.mjs";a();';
  const left = Buffer.from(
    withoutIdleImports({ ...file(''), text: code }, new Set(['chunk-A.mjs'])),
  ).toString();
  expect(left).toBe(
    `import{a}from"./chunk-A.mjs";${' '.repeat('import"./chunk-A.mjs";'.length)}import"./chunk-B.mjs";a();`,
  );
});
