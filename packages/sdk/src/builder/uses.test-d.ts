/** What the compiler must accept, and what it must make of it. */
import * as z from 'zod';
import {
  each,
  type InputOf,
  type KtContext,
  ktFunction,
  type KTJobInput,
  pipeline,
  type Pipeline,
  type Ref,
  type ResultOf,
} from '../index.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only for true. */
const yes = <T extends true>(): T | undefined => undefined;
/** What a pipeline knows of a step's result. */
type StepOf<P, N extends string> = P extends Pipeline<infer S> ? (N extends keyof S ? S[N] : never) : never;

interface Row {
  name: string;
  at: { x: number; y?: number };
  tags: readonly string[];
  kind: 'a' | 'b';
  note?: string | null;
}
const rows = ktFunction(() => Promise.resolve([] as Row[]));
const one = ktFunction((): Row => ({ name: 'n', at: { x: 1 }, tags: [], kind: 'a' }));
const flexible = ktFunction(
  {
    input: z.object({
      name: z.string(),
      limit: z.number().optional(),
      mode: z.enum(['a', 'b']).default('a'),
      note: z.string().nullish(),
      id: z.union([z.string(), z.number()]).optional(),
    }),
  },
  ({ name, mode }) => ({ name, mode }),
);
const whole = ktFunction(
  { input: z.object({ rows: z.array(z.object({ name: z.string(), at: z.object({ x: z.number() }) })) }) },
  ({ rows: all }) => all.length,
);
const nullable = ktFunction(
  { input: z.object({ all: z.array(z.number().nullable()) }) },
  ({ all }) => all.length,
);
const strict = ktFunction({ input: z.object({ all: z.array(z.number()) }) }, ({ all }) => all.length);
const size = ktFunction({ input: z.object({ name: z.string() }) }, ({ name }) =>
  Promise.resolve(name.length),
);
const tick = ktFunction(() => {});
const p = pipeline('p', { params: z.object({ dir: z.string().default('in'), max: z.number().optional() }) })
  .job('rows', rows)
  .job('one', one);

// Arguments: optional, defaulted and nullable fields, unions, arrays of objects, nested refs, mixtures of
// refs and values.
p.job('x', flexible, () => ({ name: 'n' }));
p.job('x', flexible, () => ({ name: 'n', limit: 3, mode: 'b', note: null, id: 7 }));
p.job('x', flexible, steps => ({
  name: steps.one.name,
  limit: steps.one.at.x,
  mode: steps.one.kind,
  id: steps.one.name,
}));
p.job('x', flexible, ({ params }) => ({ name: params.dir }));
p.job('x', flexible, steps => ({ name: steps.rows.at(0).tags.at(1) }));
p.job('x', whole, steps => ({ rows: steps.rows }));
p.job('x', whole, steps => ({
  rows: [steps.one, { name: 'n', at: steps.one.at }, { name: steps.one.name, at: { x: 1 } }],
}));
p.job('x', flexible, steps => ({ name: steps.one.name, note: steps.one.note }));

// Functions without input need no callback, but may have options after an empty one.
p.job('x', tick).job('y', tick, () => ({}), { after: ['rows', 'x'], retries: 2, kubernetes: { queue: 'q' } });
p.job(
  'x',
  ktFunction({ retries: 1 }, () => 1),
).job('y', tick, undefined, { after: ['x'] });

// Maps.
const mapped = p.map('sizes', size, steps => steps.rows.each(({ name }) => ({ name })));
mapped.job('x', strict, ({ sizes }) => ({ all: sizes }));
p.map('x', size, steps => steps.one.tags.each(name => ({ name })));
p.map('x', whole, steps =>
  steps.rows.each((row, index) => ({ rows: [row, { name: row.name, at: { x: index } }] })),
);
p.map('x', size, () => each(['a', 'b'], name => ({ name })));
p.map('x', size, () => each([{ deep: { name: 'a' } }], item => ({ name: item.deep.name })), {
  memory: '2Gi',
  after: ['one'],
});
p.map('x', size, ({ params }) => each([1, 2], () => ({ name: params.dir })));
p.map('x', size, steps => steps.rows.each(({ name }) => ({ name })), {
  outputs: row => [row.name, row.tags.at(0), 'out/fixed'],
});
p.map('x', size, steps => steps.rows.each(({ name }) => ({ name })), {
  outputs: (row: Ref<Row>) => [row.name],
  maxFailed: '5%',
});

// The result of a map has null in it where items may be missing.
const outcome = {
  plain: mapped,
  maxFailed: p.map('m', size, steps => steps.rows.each(({ name }) => ({ name })), { maxFailed: 2 }),
  outputs: p.map('m', size, steps => steps.rows.each(({ name }) => ({ name })), {
    outputs: row => [row.name],
  }),
  byFunction: p.map(
    'm',
    ktFunction({ input: z.object({ name: z.string() }), maxFailed: '5%' }, ({ name }) => name.length),
    steps => steps.rows.each(({ name }) => ({ name })),
  ),
};
yes<Same<StepOf<typeof outcome.plain, 'sizes'>, number[]>>();
yes<Same<StepOf<typeof outcome.maxFailed, 'm'>, (number | null)[]>>();
yes<Same<StepOf<typeof outcome.outputs, 'm'>, (number | null)[]>>();
yes<Same<StepOf<typeof outcome.byFunction, 'm'>, (number | null)[]>>();
outcome.byFunction.job('x', nullable, ({ m }) => ({ all: m }));
// @ts-expect-error -- an item may be missing
outcome.maxFailed.job('x', strict, ({ m }) => ({ all: m }));
// @ts-expect-error -- an item may be missing, by the function's own option
outcome.byFunction.job('x', strict, ({ m }) => ({ all: m }));

// Results.
export const parsed = ktFunction({ output: z.string().transform(Number) }, () => Promise.resolve('1'));
yes<Same<ResultOf<typeof parsed>, number>>();
yes<Same<ResultOf<typeof tick>, null>>();
yes<Same<ResultOf<typeof rows>, Row[]>>();
yes<Same<InputOf<typeof size>, { name: string }>>();
p.job(
  'x',
  ktFunction((): Record<string, unknown> => ({})),
);
p.job(
  'x',
  ktFunction(() => null as string | null | undefined),
);

// Dynamic steps return documents or pipelines.
p.dynamic(
  'x',
  ktFunction((): KTJobInput[] => [{ type: 'static', tasks: [{ function: 'm.f' }] }]),
);
const grow = ktFunction({ input: z.object({ n: z.number() }) }, ({ n }) =>
  Promise.resolve(pipeline('sub').job(`a${n}`, tick)),
);
p.dynamic('x', grow, () => ({ n: 1 }));

// Sub-pipelines: parameters with defaults may be left out, refs are nested.
const sub = pipeline('sub', { params: z.object({ name: z.string(), deep: z.number().default(1) }) }).map(
  's',
  size,
  ({ params }) => each([1], () => ({ name: params.name })),
);
p.use('x', sub, ({ params }) => ({ name: params.dir }), { after: ['one'] }).job(
  'y',
  strict,
  ({ x }) => ({ all: x.s }),
  { after: ['x'] },
);
p.use(
  'outer',
  pipeline('o').use('inner', sub, () => ({ name: 'n' })),
).job('y', strict, ({ outer }) => ({ all: outer.inner.s }));
p.use('x', pipeline('q', { params: z.object({ n: z.number().default(1) }) }).job('a', tick));

// Functions keep their types when they are called as what they are, in a test.
const context = {} as KtContext;
yes<Same<ReturnType<typeof size>, Promise<number>>>();
export const called: Promise<number> = size({ name: 'n' }, context);
