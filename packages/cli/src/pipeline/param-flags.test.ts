/** Parameters of a pipeline as flags: how they are listed, and how what was typed is read. */
import { pipeline } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { paramFlags, readParams } from './param-flags.js';
import { paramProblems, paramSchema } from './param-schema.js';

const schema = z.object({
  day: z.string().describe('the day to load'),
  maxRows: z.number().default(7),
  label: z.enum(['a', 'b']).default('a'),
  dryRun: z.boolean().default(false),
  user_names: z.array(z.string()).optional(),
  sizes: z.array(z.number()).optional(),
  more: z.object({ a: z.number() }).optional(),
  any: z.union([z.string(), z.number()]).optional(),
});
const typed = pipeline('typed', { params: schema });
const loose = pipeline('loose', { params: z.looseObject({ n: z.number().optional() }) });
const bare = pipeline('bare', {});
const read = (flags: readonly string[], pairs: readonly string[] = []) => readParams(typed, flags, pairs);

describe('paramFlags', () => {
  test('flags - say their kind, what they mean, their default and whether they are required', () => {
    expect(paramFlags(typed)).toEqual([
      { name: 'day', flag: '--day <string>', note: 'the day to load (required)', required: true },
      { name: 'maxRows', flag: '--max-rows <number>', note: '(default: 7)', required: false },
      { name: 'label', flag: '--label <string>', note: '(one of: a, b) (default: "a")', required: false },
      { name: 'dryRun', flag: '--dry-run [true|false]', note: '(default: false)', required: false },
      { name: 'user_names', flag: '--user-names <value...>', note: '', required: false },
      { name: 'sizes', flag: '--sizes <value...>', note: '', required: false },
      { name: 'more', flag: '--more <json>', note: '', required: false },
      { name: 'any', flag: '--any <string|number>', note: '', required: false },
    ]);
  });

  test('names - that give one flag have their own spelling, and those that are none go by --param', () => {
    const keys = ['noCache', 'fooBar', 'foo-bar', 'store', 'a b', 'x=y', '--z', 'größe'];
    const strange = pipeline('strange', {
      params: z.object(Object.fromEntries(keys.map(key => [key, z.string().optional()]))),
    });
    expect(paramFlags(strange).map(({ flag }) => flag)).toEqual([
      '--no-cache <string>',
      '--fooBar <string>',
      '--foo-bar <string>',
      '--param store=<string>',
      "--param 'a b='<string>",
      '--param x=y=<string>',
      "--param '--z='<string>",
      '--größe <string>',
    ]);
    const pairs = ['store=s', 'a b=1', 'x=y=2', '--z=3'];
    expect(readParams(strange, ['--no-cache', 'a', '--fooBar', 'b', '--foo-bar=c'], pairs)).toEqual({
      ...{ noCache: 'a', fooBar: 'b', 'foo-bar': 'c', store: 's', 'a b': '1', 'x=y': '2', '--z': '3' },
    });
  });

  test.each<[string, z.ZodType]>([
    ['date', z.coerce.date().optional()],
    ['date', z.array(z.date())],
    ['date', z.date().nullable()],
    ['date', z.codec(z.string(), z.date(), { decode: text => new Date(text), encode: String })],
    ['bigint', z.bigint().default(1n)],
    ['map', z.map(z.string(), z.number())],
    ['set', z.set(z.string())],
    ['nan', z.nan()],
  ])('a parameter that is read as a %s - is refused, with what to write', (kind, type) => {
    const own = pipeline('own', { params: z.object({ from: type, n: z.number().default(1) }) });
    const problem = {
      code: 'BAD_PARAM_SCHEMA',
      path: 'own.params.from',
      message: `Parameter "from" of pipeline "own" is read as a ${kind}, which a run cannot keep: parameters are JSON.`,
      hint: expect.stringMatching(/^Write z\./) as string,
    };
    expect(paramProblems(own)).toEqual([problem]);
    expect(() => readParams(own, [], [])).toThrow(problem.message);
    expect(() => paramFlags(own)).toThrow(problem.message);
  });

  test('a schema that cannot be told as JSON Schema - is refused with its own words', () => {
    const params = z.object({ n: z.number() });
    const input = (): never => {
      throw new Error('no such thing');
    };
    const own = { name: 'own', params: { '~standard': { ...params['~standard'], jsonSchema: { input } } } };
    expect(paramProblems(own)).toMatchObject([
      {
        code: 'BAD_PARAM_SCHEMA',
        message: 'The parameters of pipeline "own" cannot be told as JSON Schema: no such thing.',
      },
    ]);
  });

  test('a pipeline without parameters - has none', () => {
    expect(paramSchema(bare)).toBeUndefined();
    expect(paramFlags(bare)).toEqual([]);
    expect(paramProblems(bare)).toEqual([]);
  });
});

describe('readParams', () => {
  test.each<[string[], object]>([
    [['--day', '7'], { day: '7' }],
    [['--max-rows', '12'], { maxRows: 12 }],
    [['--max-rows=1e3'], { maxRows: 1000 }],
    [['--max-rows', '-1'], { maxRows: -1 }],
    [['--dry-run'], { dryRun: true }],
    [['--dry-run', 'false'], { dryRun: false }],
    [['--user-names', 'ann', '7'], { user_names: ['ann', '7'] }],
    [['--user-names', '["ann","bob"]'], { user_names: ['ann', 'bob'] }],
    [['--sizes', '1', '2'], { sizes: [1, 2] }],
    [['--sizes', '1', '--sizes', '2'], { sizes: [1, 2] }],
    [['--more', '{"a":1}'], { more: { a: 1 } }],
    [['--any', '7'], { any: 7 }],
    [['--any', 'text'], { any: 'text' }],
    [[], {}],
  ])('flags %j - are read as their schema means them', (flags, values) => {
    expect(read(flags)).toEqual(values);
  });

  test.each<[string[], object]>([
    [['--max-rows', 'many'], { maxRows: 'many' }],
    [['--max-rows', ''], { maxRows: '' }],
    [['--dry-run', 'perhaps'], { dryRun: 'perhaps' }],
    [['--more', '{"a":'], { more: '{"a":' }],
    [['--sizes', '[1,'], { sizes: ['[1,'] }],
  ])('flags %j - that do not fit are left to the words of the schema', (flags, values) => {
    expect(read(flags)).toEqual(values);
  });

  test('pairs - are read like flags, and the last word on a name counts', () => {
    expect(read(['--day', 'x'], ['day=a=b', 'maxRows=3', 'dryRun=true', 'more={"a":1}'])).toEqual({
      day: 'a=b',
      maxRows: 3,
      dryRun: true,
      more: { a: 1 },
    });
  });

  test('pairs - of a pipeline that takes others may have any name', () => {
    expect(readParams(loose, [], ['n=1', 'other={"a":1}', '__proto__=1'])).toEqual(
      JSON.parse('{"n":1,"other":{"a":1},"__proto__":1}'),
    );
  });

  test.each<[string[], string[], object]>([
    [
      ['--lable', 'a'],
      [],
      {
        code: 'UNKNOWN_OPTION',
        path: 'kt run typed',
        message: 'Unknown option "--lable".',
        hint: expect.stringMatching(
          /^Did you mean "--label"\? See kt run typed --help\. Its parameters: --day, --max-rows, /,
        ) as string,
      },
    ],
    [['--max-rows'], [], { code: 'OPTION_MISSING_ARGUMENT' }],
    [['twice'], [], { code: 'UNKNOWN_OPTION', message: 'The word "twice" is not expected here.' }],
    [[], ['day'], { code: 'BAD_PARAM', message: '--param takes key=value, but got "day".' }],
    [[], ['=1'], { code: 'BAD_PARAM' }],
    [[], ['lable=a'], { code: 'UNKNOWN_PARAM', path: 'params.lable', hint: 'Did you mean "label"?' }],
    [[], ['__proto__=1'], { code: 'UNKNOWN_PARAM', hint: expect.stringContaining('day, maxRows') as string }],
  ])('flags %j and pairs %j - are refused', (flags, pairs, problem) => {
    expect(() => read(flags, pairs)).toThrow(
      expect.objectContaining({ problems: [expect.objectContaining(problem)] }) as Error,
    );
  });

  test('a pipeline without parameters - says that it has none', () => {
    expect(() => readParams(bare, ['--n', '1'], [])).toThrow(/Its parameters: none\./);
    expect(() => readParams(bare, [], ['n=1'])).toThrow(/Its parameters: none\./);
  });
});
