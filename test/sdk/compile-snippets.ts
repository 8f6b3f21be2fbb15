/** What tsc says about snippets, in either decorator dialect. */
import { join } from 'node:path';
import ts from 'typescript';
import { root } from '../kit/sources.js';
import { messageOf, virtualProgram } from './virtual-program.js';

const SDK = "import { ktFunction, pipeline } from '@kube-transform/sdk'; import * as z from 'zod';";
const STEPS = `${SDK}
export const load = ktFunction({ input: z.object({ file: z.string() }) }, async ({ file }) => ({ path: file, n: 1 }));
export const list = ktFunction(async () => ['a']);
export const start = pipeline('p', { params: z.object({ dir: z.string() }) })
  .job('a', load, () => ({ file: 'x' }))
  .job('names', list);
`;
const PREAMBLE = `${SDK} import { list, load, start } from './snippet-steps.js';\n`;
/**
 * The messages about each snippet, one a diagnostic, as `tsc` prints them; none where it compiles. They are
 * checked together, each as a module of its own that may use `load`, `list` and `start`. The SDK must have
 * been built.
 */
export function compileSnippets(
  snippets: readonly string[],
  dialect: 'legacy' | 'tc39' = 'tc39',
): string[][] {
  const fileOf = (name: string): string => join(root, `test/sdk/snippet-${name}.ts`);
  const names = snippets.map((_, i) => fileOf(String(i)));
  const texts = new Map([
    ...snippets.map((code, i) => [fileOf(String(i)), PREAMBLE + code] as const),
    [fileOf('steps'), STEPS],
  ]);
  const program = virtualProgram(texts, { experimentalDecorators: dialect === 'legacy' });
  return names.map(name => ts.getPreEmitDiagnostics(program, program.getSourceFile(name)).map(messageOf));
}
