/** What tsc says about a snippet, in either decorator dialect. */
import ts from 'typescript';
import { join } from 'node:path';
import { root } from '../kit/sources.js';
import { messageOf, virtualProgram } from './virtual-program.js';

const PREAMBLE = `import { each, ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
const load = ktFunction({ input: z.object({ file: z.string() }) }, async ({ file }) => ({ path: file, n: 1 }));
const list = ktFunction(async () => ['a']);
const start = pipeline('p', { params: z.object({ dir: z.string() }) }).job('a', load, () => ({ file: 'x' })).job('names', list);
void each;
`;

/**
 * The messages, one a diagnostic, as `tsc` prints them; empty where the snippet compiles. The SDK must have
 * been built.
 */
export function compileSnippet(code: string, dialect: 'legacy' | 'tc39' = 'tc39'): string[] {
  const files = new Map([[join(root, 'test/sdk/snippet.ts'), PREAMBLE + code]]);
  const program = virtualProgram(files, { experimentalDecorators: dialect === 'legacy' });
  return ts.getPreEmitDiagnostics(program).map(messageOf);
}
