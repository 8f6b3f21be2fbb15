/** What is listed of parameters can be typed as it is listed, and reaches the run as it was meant. */
import { bindParams } from '@kube-transform/runtime/internal';
import { pipeline } from '@kube-transform/sdk';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { runCommand } from '../commands/run.js';
import { submitCommand } from '../commands/submit.js';
import { paramFlags, readParams, RESERVED } from './param-flags.js';
import { paramProblems } from './param-schema.js';

const names = fc.oneof(
  fc.constantFrom(
    ...['noCache', 'no-cache', 'no_cache', 'cache', 'no', 'fooBar', 'foo-bar', 'foo_bar', 'FooBar', 'x=y'],
    ...['json', 'help', 'store', 'param', 'runId', 'run-id', 'n', 'a b', 'a', 'constructor', '-x', '--no-y'],
  ),
  fc.string({ minLength: 1, maxLength: 6 }).filter(name => name !== '__proto__'),
);
const text = fc.string({ maxLength: 8 });
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map(n => (Object.is(n, -0) ? 0 : n));

/** A kind of parameter: its schema, values of it, and whether a run can keep them. */
interface Kind {
  schema: z.ZodType;
  values: fc.Arbitrary<unknown>;
  json?: false;
}
const KINDS: readonly [Kind, ...Kind[]] = [
  { schema: z.string(), values: text },
  { schema: z.number(), values: number },
  { schema: z.int(), values: fc.integer() },
  { schema: z.boolean(), values: fc.boolean() },
  { schema: z.enum(['a', 'b c']), values: fc.constantFrom('a', 'b c') },
  { schema: z.literal(['7', 7, null]), values: fc.constantFrom(7, null) },
  { schema: z.string().nullable(), values: fc.oneof(text, fc.constant(null)).filter(v => v !== 'null') },
  { schema: z.array(z.string()), values: fc.array(text) },
  { schema: z.array(z.number()), values: fc.array(number) },
  { schema: z.object({ a: z.number() }), values: fc.record({ a: number }) },
  {
    schema: z.record(z.string(), z.boolean()),
    values: fc.dictionary(fc.constantFrom('a', 'b'), fc.boolean()),
  },
  { schema: z.custom<number>(value => typeof value === 'number'), values: number },
  { schema: z.string().transform(value => value.length), values: text },
  { schema: z.coerce.date(), values: text, json: false },
  { schema: z.bigint(), values: text, json: false },
  { schema: z.map(z.string(), z.number()), values: text, json: false },
  { schema: z.set(z.string()).optional(), values: text, json: false },
];

const params = fc.uniqueArray(
  fc
    .tuple(names, fc.nat(KINDS.length - 1))
    .chain(([name, kind]) => (KINDS[kind] ?? KINDS[0]).values.map(value => ({ name, kind, value }))),
  { selector: ({ name }) => name, minLength: 1, maxLength: 6 },
);

test('parameters of any names and kinds - are typed as they are listed, or refused as they are checked', () =>
  fc.assert(
    fc.asyncProperty(params, async given => {
      const shape = Object.fromEntries(
        given.map(({ name, kind }) => [name, KINDS[kind]?.schema ?? z.never()]),
      );
      const own = pipeline('own', { params: z.strictObject(shape) });
      const isJson = given.every(({ kind }) => KINDS[kind]?.json !== false);
      expect(paramProblems(own).length === 0).toBe(isJson);
      if (!isJson) {
        expect(() => readParams(own, [], [])).toThrow(/cannot keep/);
        return;
      }
      const flags: string[] = [];
      const pairs: string[] = [];
      for (const { name, flag } of paramFlags(own)) {
        const value: unknown = given.find(param => param.name === name)?.value;
        const typed = typeof value === 'string' ? value : JSON.stringify(value);
        const [word = ''] = flag.split(' ');
        if (word === '--param') {
          pairs.push(`${name}=${typed}`);
          continue;
        }
        flags.push(`${word}=${typed}`);
        expect(RESERVED).not.toContain(word.slice(2));
      }
      const values = Object.fromEntries(given.map(({ name, value }) => [name, value]));
      const read = readParams(own, flags, pairs);
      expect(read).toEqual(values);
      await bindParams(own, read);
    }),
    { numRuns: 500 },
  ));

test('options of kt run and kt submit - are all known to be no flags of parameters', () => {
  const cli = {} as never;
  const own = [runCommand(cli), submitCommand(cli)].flatMap(command =>
    command.options.map(({ long }) => long?.slice(2) ?? ''),
  );
  expect([...new Set(own)].sort()).toEqual([...RESERVED].sort());
});
