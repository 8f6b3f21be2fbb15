/** What the docstrings and the README show compiles, and comes to what it says. */
import { join } from 'node:path';
import { compileFunction } from 'node:vm';
import * as formats from '@kube-transform/formats';
import * as runtime from '@kube-transform/runtime';
import * as runtimeTesting from '@kube-transform/runtime/testing';
import * as sdk from '@kube-transform/sdk';
import * as reflect from '@kube-transform/sdk/reflect';
import ts from 'typescript';
import { expect, test } from 'vitest';
import * as zod from 'zod';
import { read, root } from '../kit/sources.js';
import { messageOf, virtualProgram } from './virtual-program.js';
import { asExpectations, asModule, codeOf, publicSymbols } from './read-examples.js';

/** Where public names come from, and what is behind them at run time. */
const PACKAGES = [
  { name: '@kube-transform/sdk', entry: 'packages/sdk/src/index.ts', exports: sdk },
  { name: '@kube-transform/runtime', entry: 'packages/runtime/src/index.ts', exports: runtime },
  { name: '@kube-transform/formats', entry: 'packages/formats/src/index.ts', exports: formats },
  { name: '@kube-transform/sdk/reflect', entry: 'packages/sdk/src/reflect.ts', exports: reflect },
  {
    name: '@kube-transform/runtime/testing',
    entry: 'packages/runtime/src/testing/index.ts',
    exports: runtimeTesting,
  },
];
const modules: Record<string, unknown> = { zod };
for (const { name, exports } of PACKAGES) modules[name] = exports;

const options: ts.CompilerOptions = {
  types: ['node'],
  paths: Object.fromEntries(PACKAGES.map(({ name, entry }) => [name, [join(root, entry)]])),
};
const entries = new Map(PACKAGES.map(({ entry }) => [join(root, entry), read(entry)]));
const declared = virtualProgram(entries, options);
const all = PACKAGES.flatMap(({ name, entry }) =>
  publicSymbols(declared, join(root, entry)).map(symbol => ({ ...symbol, from: name })),
);
/** What two entries export is one symbol. */
const symbols = [...new Map(all.map(symbol => [`${symbol.name}, ${symbol.where}`, symbol])).values()];
/** Those that need an example: all of the sdk, and what runs of the other packages. */
const shownOff = symbols.filter(({ from, isType }) => from.startsWith('@kube-transform/sdk') || !isType);
const known = new Map(symbols.map(({ name, from }) => [name, from]));
const examples = symbols.flatMap(({ name, where, examples: blocksOf }) =>
  blocksOf.map((example, i) => ({
    file: join(root, `test/sdk/example-${name}-${i}.ts`),
    title: `${name}, ${where}`,
    module: asModule(codeOf(example) ?? '', known),
  })),
);

/** READMEs, and the project that the blocks of each belong to. */
const pages = [
  ['README.md', 'hello'],
  ['packages/sdk/README.md', 'greet'],
  ['packages/runtime/README.md', 'greet'],
  ['packages/cli/README.md', 'world'],
  ['packages/formats/README.md', 'people'],
] as const;
/** The blocks of the READMEs, each under the path that its first line names. */
const blocks = pages.flatMap(([page, project]) =>
  [...read(page).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => {
    const path = /^\/\/ (\S+\.ts)\b/.exec(code)?.[1] ?? 'no-path.ts';
    return { file: join(root, 'test/sdk', project, path), title: `${page}, ${path}`, module: code };
  }),
);

test('every public symbol has an example, a block of TypeScript', () => {
  expect(shownOff.length).toBeGreaterThan(90);
  const without = shownOff.filter(
    ({ examples: own }) => own.length === 0 || own.some(example => codeOf(example) === undefined),
  );
  expect(without.map(({ name, where }) => `${name}, ${where}`)).toEqual([]);
});

test('every member of a public interface or class of the sdk says what it is', () => {
  const silent = shownOff.flatMap(symbol => symbol.silent.map(member => `${symbol.name}.${member}`));
  expect(silent).toEqual([]);
});

test('every example compiles, and every block of a README; what does not is told', () => {
  const wrongOne = { file: join(root, 'test/sdk/wrong.ts'), title: 'a wrong one', module: 'null + 1;' };
  const shown = [...examples, ...blocks, wrongOne];
  expect(blocks.length).toBeGreaterThan(3);
  const program = virtualProgram(new Map(shown.map(({ file, module }) => [file, module])), options);
  const wrong = shown.flatMap(({ file, title }) => {
    const source = program.getSourceFile(file);
    return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
      diagnostic => `${title}: ${messageOf(diagnostic)}`,
    );
  });
  expect(wrong).toEqual(["a wrong one: The value 'null' cannot be used here."]);
});

const runnable = examples.flatMap(({ title, module }) => {
  const code = asExpectations(module);
  return code === undefined ? [] : [[title, code] as const];
});

test.each(runnable)('the example of %s comes to what it says', async (_title, code) => {
  expect.hasAssertions();
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS },
  });
  const run = compileFunction(`return (async () => {${outputText}})();`, ['require', 'exports', 'expect']);
  const done: unknown = Reflect.apply(run, undefined, [(name: string) => modules[name], {}, expect]);
  await done;
});
