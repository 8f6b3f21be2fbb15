import type { OutputFile } from 'esbuild';
import { expect, test } from 'vitest';
import { BANNER, helpersIn, withoutIdleImports } from './build-bundle.js';

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

test('withoutIdleImports - helpers stand in the line of the banner, and every column stays where it was', () => {
  const code = 'import{a}from"./chunk-A.mjs";import{b as c,d}from"./chunk-B.mjs";import"./chunk-B.mjs";c(d);';
  const helpers = new Map([
    ['chunk-B.mjs', '(()=>({b:1,d:2}))()'],
    ['chunk-C.mjs', null],
  ]);
  const made = (text: string) => Buffer.from(withoutIdleImports(file(text), helpers)).toString();
  const gone = ' '.repeat('import{b as c,d}from"./chunk-B.mjs";import"./chunk-B.mjs";'.length);
  const inlined = 'const{b:c,d}=(()=>({b:1,d:2}))();';
  expect(made(code)).toBe(`${inlined}\nimport{a}from"./chunk-A.mjs";${gone}c(d);`);
  const left = 'import{r}from"./chunk-C.mjs";';
  expect(made(`${left}import"./chunk-C.mjs";r();`)).toBe(
    `\n${left}${' '.repeat('import"./chunk-C.mjs";'.length)}r();`,
  );
  expect(made(`${code}require("x")`)).toBe(
    `${BANNER}${inlined}\nimport{a}from"./chunk-A.mjs";${gone}c(d);require("x")`,
  );
});

test('helpersIn - what needs nothing but the language is given as an expression, the rest is left', () => {
  const files = [
    file('var d=1;var e=()=>d;export{e as a,d as b};\n//# sourceMappingURL=h.mjs.map\n', '/out/h.mjs'),
    file('var r=require;export{r};\n', '/out/r.mjs'),
    file('var u=1;export{u};\n', '/out/u.mjs'),
  ];
  const output = { bytes: 1, imports: [], exports: [] };
  const outputs = {
    '.kt/h.mjs': { ...output, inputs: {} },
    '.kt/r.mjs': { ...output, inputs: {} },
    '.kt/u.mjs': { ...output, inputs: { 'u.ts': { bytesInOutput: 9 } } },
  };
  const helpers = helpersIn({ inputs: {}, outputs }, files);
  expect([...helpers]).toEqual([
    ['h.mjs', '(()=>{var d=1;var e=()=>d;return{a:e,b:d}})()'],
    ['r.mjs', null],
  ]);
});
