/** What tsc says about snippets, in either decorator dialect. */
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SDK = "import { ktFunction, pipeline } from '@kube-transform/sdk'; import * as z from 'zod';";
const STEPS = `${SDK}
export const load = ktFunction({ input: z.object({ file: z.string() }) }, async ({ file }) => ({ path: file, n: 1 }));
export const list = ktFunction(async () => ['a']);
export const start = pipeline('p', { params: z.object({ dir: z.string() }) })
  .job('a', load, () => ({ file: 'x' }))
  .job('names', list);
`;
const PREAMBLE = `${SDK} import { list, load, start } from './snippet-steps.js';\n`;
/** Files of packages, read once. */
const files = new Map<string, ts.SourceFile | undefined>();

/**
 * The messages about each snippet, one a diagnostic, as `tsc` prints them; none where it compiles. They are
 * checked together, each as a module of its own that may use `load`, `list` and `start`. The SDK must have
 * been built.
 */
export function compileSnippets(
  snippets: readonly string[],
  dialect: 'legacy' | 'tc39' = 'tc39',
): string[][] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
    experimentalDecorators: dialect === 'legacy',
  };
  const fileOf = (name: string): string => `${ROOT}test/sdk/snippet-${name}.ts`;
  const names = snippets.map((_, i) => fileOf(String(i)));
  const texts = new Map([
    ...snippets.map((code, i) => [fileOf(String(i)), PREAMBLE + code] as const),
    [fileOf('steps'), STEPS],
  ]);
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, language) => {
    const text = texts.get(name);
    if (text !== undefined) return ts.createSourceFile(name, text, language);
    if (!files.has(name)) files.set(name, read(name, language));
    return files.get(name);
  };
  host.fileExists = name => texts.has(name) || ts.sys.fileExists(name);
  const program = ts.createProgram(names, options, host);
  return names.map(name =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(name))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
  );
}
