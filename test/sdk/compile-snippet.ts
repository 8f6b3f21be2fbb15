/** What tsc says about a snippet, in either decorator dialect. */
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SNIPPET = `${ROOT}test/sdk/snippet.ts`;
const PREAMBLE = `import { each, ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
const load = ktFunction({ input: z.object({ file: z.string() }) }, async ({ file }) => ({ path: file, n: 1 }));
const list = ktFunction(async () => ['a']);
const start = pipeline('p', { params: z.object({ dir: z.string() }) }).job('a', load, () => ({ file: 'x' })).job('names', list);
void each;
`;
const files = new Map<string, ts.SourceFile | undefined>();

/**
 * The messages, one a diagnostic, as `tsc` prints them; empty where the snippet compiles. The SDK must have
 * been built.
 */
export function compileSnippet(code: string, dialect: 'legacy' | 'tc39' = 'tc39'): string[] {
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
  const host = ts.createCompilerHost(options);
  const read = host.getSourceFile.bind(host);
  host.getSourceFile = (name, language) => {
    if (name === SNIPPET) return ts.createSourceFile(name, PREAMBLE + code, language);
    if (!files.has(name)) files.set(name, read(name, language));
    return files.get(name);
  };
  host.fileExists = name => name === SNIPPET || ts.sys.fileExists(name);
  const program = ts.createProgram([SNIPPET], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}
