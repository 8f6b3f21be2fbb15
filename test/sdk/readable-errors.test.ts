/** The compiler's messages for what people get wrong, as they read them. */
import { beforeAll, describe, expect, test } from 'vitest';
import { compileSnippets } from './compile-snippets.js';

const RIGHT = `start.map('b', load, ({ names }) => names.each(file => ({ file })), { outputs: file => [file] });`;
const WRONG: [what: string, code: string, message: string][] = [
  ['a name that is taken', `start.job('a', list);`, 'A step of this name exists already.'],
  ['a step named "params"', `start.job('params', list);`, 'A step cannot be named \\"params\\".'],
  [
    'a result that is no JSON',
    `const now = ktFunction(() => ({ at: new Date() })); start.job('b', now);`,
    'returns something that JSON cannot hold (a function, bigint, symbol, Date',
  ],
  ['a dynamic step that returns no jobs', `start.dynamic('b', list);`, 'must return a list of jobs'],
  [
    "a stranger's name",
    `start.job('b', load, ({ aa }) => ({ file: aa }));`,
    "Property 'aa' does not exist on type 'StepRefs<",
  ],
  [
    'an unknown parameter',
    `start.job('b', load, ({ params }) => ({ file: params.dirr }));`,
    "Property 'dirr' does not exist on type 'Ref<{ dir: string; }>'. Did you mean 'dir'?",
  ],
  [
    'a wrong argument',
    `start.job('b', load, () => ({ file: 3 }));`,
    "Type 'number' is not assignable to type 'Arg<string>'",
  ],
  [
    'a ref to a wrong type',
    `start.job('b', load, ({ a }) => ({ file: a.n }));`,
    "Type 'number' is not assignable to type 'string'",
  ],
  [
    'a map over what is no array',
    `start.map('b', load, ({ a }) => a.each(() => ({ file: 'x' })));`,
    "Property 'each' does not exist on type 'Ref<{ path: string; n: number; }>'",
  ],
  [
    'a ref used as a text',
    `start.job('b', load, ({ a }) => ({ file: a.path.replace('a', 'b') }));`,
    "Property 'replace' does not exist on type 'RefBase<string>'",
  ],
  [
    'a ref used as a number',
    `start.job('b', load, ({ a }) => ({ file: a.n + 1 }));`,
    "Operator '+' cannot be applied to types 'RefBase<number>' and 'number'",
  ],
  [
    'a result that may be null',
    `const m = ktFunction((): { v: string } | null => null); start.job('m', m).job('b', load, ({ m }) => ({ file: m.v }));`,
    "does not exist on type 'RefBase<{ v: string; } | null>'",
  ],
  [
    'a wrong `after`',
    `start.job('b', list, () => ({}), { after: ['c'] });`,
    `Type '"c"' is not assignable to type '"a" | "names"'`,
  ],
  [
    'a misspelt option',
    `start.job('b', list, () => ({}), { retires: 2 });`,
    "'retires' does not exist in type 'StepOptions<",
  ],
  [
    'a wrong output',
    `ktFunction({ output: z.object({ n: z.number() }) }, () => ({ n: 'x' }));`,
    "Type 'string' is not assignable to type 'number'",
  ],
];

describe('a pipeline', () => {
  let right: string[] | undefined;
  let wrong: string[][];
  beforeAll(() => {
    [right, ...wrong] = compileSnippets([RIGHT, ...WRONG.map(([, code]) => code)]);
  });

  test('compiles where it is right', () => {
    expect(right).toEqual([]);
  });

  test.each(WRONG.map(([what, , message], i) => [what, i, message] as const))(
    'is refused with a message of the compiler - %s',
    (_what, i, message) => {
      const [first = '', ...more] = wrong[i] ?? [];
      expect(first).toContain(message);
      expect(more.filter(text => !text.includes('implicitly'))).toEqual([]);
    },
  );
});

/** What a class says of whose methods one is static. */
const methods = ([options, signature]: readonly [string, string, ...string[]]): string =>
  `export class C { @ktFunction(${options}) static f${signature} { return null as never; } @ktFunction(${options}) g${signature} { return null as never; } }`;
const FITTING: [options: string, signature: string][] = [
  ['', '(_: { a: number }): number'],
  ['', '(): number'],
  ['{ retries: 1 }', '(_: { a: number }, { files }: import("@kube-transform/sdk").KtContext): unknown'],
  ['{ input: z.object({ a: z.number() }) }', '(_: { a: number }): number'],
  ['{ input: z.object({ a: z.number().default(1) }) }', '(_: { a: number }): number'],
  ['{ input: z.object({ a: z.number() }) }', '(): number'],
  ['{ output: z.number() }', '(): Promise<number>'],
  [
    '{ input: z.object({ a: z.number() }), output: z.object({ b: z.string() }) }',
    '(_: { a: number }): { b: string }',
  ],
];
const REFUSED: [options: string, signature: string, message: string][] = [
  [
    '{ input: z.object({ a: z.number() }) }',
    '(_: { a: string }): number',
    "Type 'number' is not assignable to type 'string'",
  ],
  [
    '{ input: z.object({ a: z.number() }) }',
    '(_: { b: number }): number',
    "Property 'b' is missing in type '{ a: number; }'",
  ],
  [
    '{ input: z.object({ a: z.number().optional() }) }',
    '(_: { a: number }): number',
    "'number | undefined' is not assignable to type 'number'",
  ],
  ['{ output: z.number() }', '(): string', "Type 'string' is not assignable to type 'number"],
  [
    '{ input: z.object({ a: z.number() }), output: z.number() }',
    '(_: { a: number }): Promise<string>',
    "'Promise<string>' is not assignable to type 'number | Promise<number>'",
  ],
  ['{ retires: 1 }', '(): number', "'retires' does not exist in type 'KtFunctionOptions"],
];

describe.each(['legacy', 'tc39'] as const)('decorators in the %s dialect', dialect => {
  let said: string[][];
  beforeAll(() => {
    said = compileSnippets([...FITTING, ...REFUSED].map(methods), dialect);
  });

  test.each(FITTING.map((one, i) => [...one, i] as const))(
    '@ktFunction(%s) f%s compiles',
    (_options, _f, i) => {
      expect(said[i]).toEqual([]);
    },
  );

  test.each(REFUSED.map((one, i) => [...one, FITTING.length + i] as const))(
    '@ktFunction(%s) f%s is refused',
    (_options, _f, message, i) => {
      const messages = said[i] ?? [];
      expect(
        messages.filter(text => text.includes(message)),
        messages.join('\n\n'),
      ).toHaveLength(2);
    },
  );
});
