/* eslint-disable @typescript-eslint/no-unsafe-call, no-restricted-globals -- what is wrong is written on purpose */
/** What the compiler must refuse. */
import * as z from 'zod';
import { each, ktFunction, pipeline } from '../index.js';

const load = ktFunction({ input: z.object({ file: z.string() }) }, ({ file }) =>
  Promise.resolve({ path: file, n: 1, tags: ['a'], next: { id: 'x' } }),
);
const list = ktFunction(() => Promise.resolve(['a']));
const count = ktFunction({ input: z.object({ n: z.number() }) }, ({ n }) => n);
const maybe = ktFunction((): { v: string } | null => null);
const Dir = z.object({ dir: z.string() });
const a = pipeline('p', { params: Dir })
  .job('a', load, () => ({ file: 'x' }))
  .job('names', list);

// Arguments.
// @ts-expect-error -- a number for a text
a.job('b', load, () => ({ file: 3 }));
// @ts-expect-error -- a ref to a number for a text
a.job('b', load, steps => ({ file: steps.a.n }));
// @ts-expect-error -- a ref to a whole result for a part of it
a.job('b', load, steps => steps.a);
// @ts-expect-error -- no arguments for a function that needs some
a.job('b', load);
// @ts-expect-error -- a required argument is missing
a.job('b', load, () => ({}));
const m = pipeline('p').job('m', maybe);
// @ts-expect-error -- a value that may be null
m.job('b', load, steps => ({ file: steps.m.v }));

// Names.
// @ts-expect-error -- a stranger's name
a.job('b', load, ({ aa }) => ({ file: aa.path as never }));
// @ts-expect-error -- a field that the result does not have
a.job('b', load, steps => ({ file: steps.a.pth }));
// @ts-expect-error -- a nested field that the result does not have
a.job('b', load, steps => ({ file: steps.a.next.idd }));
// @ts-expect-error -- a parameter that there is not
a.job('b', load, ({ params }) => ({ file: params.dirr }));
// @ts-expect-error -- a parameter of a pipeline without parameters
pipeline('p').job('b', load, ({ params }) => ({ file: params.dir }));
// @ts-expect-error -- a name that is taken
a.job('a', list);
// @ts-expect-error -- a name that is taken, for a map
a.map('a', load, ({ names }) => names.each(file => ({ file })));
// @ts-expect-error -- "params" is no name for a step
a.job('params', list);
// @ts-expect-error -- `after` a stranger
a.job('b', list, () => ({}), { after: ['c'] });
// @ts-expect-error -- `after` itself
a.job('b', list, () => ({}), { after: ['b'] });
// @ts-expect-error -- an option that there is not
a.job('b', list, () => ({}), { retires: 2 });

// Maps.
// @ts-expect-error -- over what is no array
a.map('b', load, steps => steps.a.each(() => ({ file: 'x' })));
// @ts-expect-error -- over a text
a.map('b', load, steps => steps.a.path.each(() => ({ file: 'x' })));
// @ts-expect-error -- the callback does not say over what
a.map('b', load, ({ names }) => ({ file: names }));
// @ts-expect-error -- the items have another type
a.map('b', count, ({ names }) => names.each(n => ({ n })));
// @ts-expect-error -- literal items have another type
a.map('b', load, () => each([1, 2], file => ({ file })));
// @ts-expect-error -- a field that the items do not have, in the arguments
a.map('b', load, ({ names }) => names.each(item => ({ file: item.path as never })));
// @ts-expect-error -- a field that the items do not have, in the outputs
a.map('b', load, ({ names }) => names.each(file => ({ file })), { outputs: item => [item.path as never] });
// @ts-expect-error -- an option that there is not
a.map('b', load, ({ names }) => names.each(file => ({ file })), { retrys: 2 });

// Results.
const date = ktFunction(() => ({ at: new Date() }));
const deepMap = ktFunction(() => Promise.resolve([{ deep: { map: new Map<string, string>() } }]));
const bigint = ktFunction(() => 1n);
const fn = ktFunction(() => ({ f: () => 1 }));
const dateOf = ktFunction(({ x }: { x: string }) => new Date(x));
// @ts-expect-error -- a Date in the result
a.job('b', date);
// @ts-expect-error -- a Map, deep within a promise
a.job('b', deepMap);
// @ts-expect-error -- a bigint
a.job('b', bigint);
// @ts-expect-error -- a function
a.job('b', fn);
// @ts-expect-error -- a Date, from a map
a.map('b', dateOf, ({ names }) => names.each(x => ({ x })));
// @ts-expect-error -- a dynamic step's function returns no jobs
a.dynamic('b', list);
// @ts-expect-error -- the function's result is not what its output schema accepts
ktFunction({ input: Dir, output: z.object({ n: z.number() }) }, () => Promise.resolve({ n: 'x' }));
// @ts-expect-error -- the same, without an input schema
ktFunction({ output: z.number() }, () => 'x');
// @ts-expect-error -- the function takes something else than its input schema gives
ktFunction({ input: Dir }, ({ dir }: { dir: number }) => dir);

// A ref used as if it were its value.
// @ts-expect-error -- a method
a.job('b', load, steps => ({ file: steps.a.path.replace('a', 'b') }));
// @ts-expect-error -- an operator
a.job('b', count, steps => ({ n: steps.a.n + 1 }));
// @ts-expect-error -- a comparison
a.job('b', load, steps => ({ file: steps.a.n > 1 ? 'x' : 'y' }));
// @ts-expect-error -- an iteration
a.job('b', load, ({ names }) => ({ file: [...names][0] }));
// @ts-expect-error -- a method of arrays
a.job('b', load, ({ names }) => ({ file: names.join(',') }));

// Sub-pipelines.
const sub = pipeline('sub', { params: Dir }).job('s', load, ({ params }) => ({ file: params.dir }));
// @ts-expect-error -- its parameters are missing
a.use('x', sub);
// @ts-expect-error -- its parameters have another type
a.use('x', sub, steps => ({ dir: steps.a.n }));
const x = a.use('x', sub, () => ({ dir: 'd' }));
// @ts-expect-error -- a step that it does not have
x.job('b', load, steps => ({ file: steps.x.t.path as never }));
// @ts-expect-error -- its prefix is taken
a.use('a', sub, () => ({ dir: 'd' }));
// @ts-expect-error -- `after` a stranger
a.use('x', sub, () => ({ dir: 'd' }), { after: ['y'] });
