/** What the compiler knows of a test run: the steps of its pipeline, their results, and its parameters. */
import { each, type Json, type KTPipelineInput, ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
import { type Fault, testRun, type TestRun, type TestRunOf } from './index.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only for true. */
const yes = <T extends true>(): T | undefined => undefined;

const list = ktFunction(() => ['a']);
const size = ktFunction(({ file }: { file: string }) => file.length);
const spawn = ktFunction(() => pipeline('spawned').job('child', list));
const inner = pipeline('inner', { params: z.object({ dir: z.string() }) }).job('deep', list);
const start = pipeline('p', { params: z.object({ dir: z.string(), max: z.number().optional() }) })
  .job('list', list)
  .map('sizes', size, steps => steps.list.each(file => ({ file })))
  .map('some', size, () => each(['a'], file => ({ file })), { maxFailed: 1 })
  .map('made', size, () => each(['a'], file => ({ file })), { outputs: file => [file] })
  .job('once', size, () => ({ file: 'a' }), { outputs: ['a'] })
  .job('tried', size, () => ({ file: 'a' }), { maxFailed: 1 })
  .use('sub', inner, ({ params }) => ({ dir: params.dir }));
const none = pipeline('none').job('list', list);

// Results, by the names of steps.
const run = await testRun(start, { params: { dir: 'in' } });
yes<Same<typeof run, TestRunOf<typeof start>>>();
const listed: string[] = run.result('list');
const sizes: number[] = run.result('sizes');
const some: (number | null)[] = run.result('some');
const made: (number | null)[] = run.result('made');
const once: number | null = run.result('once');
const tried: number | null = run.result('tried');
const deep: string[] = run.result('sub.deep');
// @ts-expect-error -- null stands for an item that was allowed to fail
some satisfies number[];
// @ts-expect-error -- null stands for an item that was skipped
made satisfies number[];
// @ts-expect-error -- null stands for a call that was skipped
once satisfies number;
// @ts-expect-error -- null stands for a call that was allowed to fail
tried satisfies number;
// @ts-expect-error -- a stranger
run.result('lits');
// @ts-expect-error -- a prefix is no step
run.result('sub');
// @ts-expect-error -- a stranger within a sub-pipeline
run.result('sub.deeep');
// @ts-expect-error -- a stranger
run.attempts('lits');
// @ts-expect-error -- a stranger
run.cause('lits');
export const results = [listed, sizes, some, made, once, tried, deep];

// Faults and parameters.
await testRun(start, { params: { dir: 'in', max: 3 }, faults: [{ kind: 'throw', step: 'sub.deep' }] });
await testRun(none);
await testRun(none, { faults: [{ kind: 'crashDriver', afterFacts: 1 }] });
// @ts-expect-error -- a fault of a stranger
await testRun(none, { faults: [{ kind: 'throw', step: 'lits' }] });
// @ts-expect-error -- parameters are needed
await testRun(start);
// @ts-expect-error -- a parameter is missing
await testRun(start, { params: {} });
// @ts-expect-error -- a number for a text
await testRun(start, { params: { dir: 1 } });
// @ts-expect-error -- a parameter that there is not
await testRun(start, { params: { dir: 'in', dirr: 'x' } });
// @ts-expect-error -- a parameter of a pipeline without
await testRun(none, { params: { dir: 'in' } });

// Where a step is dynamic, a run has steps that nobody knows.
const grown = await testRun(none.dynamic('spawn', spawn), { faults: [{ kind: 'throw', step: 'child' }] });
yes<Same<typeof grown extends TestRun<infer S> ? keyof S & string : never, 'list' | 'spawn'>>();
const child: Json = grown.result('child');
const known: string[] = grown.result('list');
const within = await testRun(none.use('sub', pipeline('q').dynamic('spawn', spawn)));
const grandchild: Json = within.result('child');
export const spawned = [child, known, grandchild];

// Documents tell nothing.
export async function untyped(document: KTPipelineInput, faults: Fault[]): Promise<Json> {
  const plain: TestRun = await testRun(document, { params: { any: 1 }, faults });
  return plain.result('any');
}
