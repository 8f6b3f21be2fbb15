import { each, ktFunction, pipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { testRun } from '../testing/test-run.js';
import { compileTemplate } from './resolve-arguments.js';

interface Made {
  rows: number[];
  note?: string;
}
const make = ktFunction(({ made }: { made: Made }): Made => made);
const first = (made: Made) => pipeline('p').job('make', make, () => ({ made }));
const seen = ktFunction((args: object) => Object.keys(args));

test('a place beyond a list fails the item, with the path', async () => {
  const run = await testRun(
    first({ rows: [1] }).job('b', seen, ({ make: made }) => ({ x: made.rows.at(3) })),
  );
  expect([run.status, run.cause('b')]).toEqual([
    'Failed',
    {
      kind: 'InvalidInput',
      message: 'Step "b", item 0: args.x: "make#/0/rows/3" leads nowhere: "make#/0/rows" is a list of 1.',
      problems: [
        {
          code: 'REF_LEADS_NOWHERE',
          path: 'args.x',
          message: '"make#/0/rows/3" leads nowhere: "make#/0/rows" is a list of 1.',
        },
      ],
    },
  ]);
});

test('a field that is missing fails the item where the function has no schema', async () => {
  const run = await testRun(first({ rows: [] }).job('b', seen, ({ make: made }) => ({ note: made.note })));
  expect(run.cause('b')?.message).toBe(
    'Step "b", item 0: args.note: "make#/0/note" leads nowhere: "make#/0" has no field "note"; it has rows.',
  );
});

test('a field that is missing is left out where the function has a schema, which has the say', async () => {
  const input = z.object({ note: z.string().optional(), rows: z.array(z.number()) });
  const checked = ktFunction({ input }, args => Object.keys(args));
  const must = ktFunction({ input: z.object({ note: z.string() }) }, args => args.note);
  const run = await testRun(
    first({ rows: [] })
      .job('b', checked, ({ make: made }) => ({ note: made.note, rows: made.rows }))
      .job('c', must, ({ make: made }) => ({ note: made.note as never })),
  );
  expect(run.result('b')).toEqual(['rows']);
  expect(run.cause('c')).toMatchObject({
    kind: 'InvalidInput',
    problems: [{ path: expect.stringContaining('note') }],
  });
});

test('items, outputs and elements of lists lead somewhere, or fail', async () => {
  const over = first({ rows: [7, 8] });
  const n = ktFunction(({ n: of }: { n: number }) => of);
  const elements = over.map('m', n, ({ make: made }) =>
    each([made.rows.at(1), made.rows.at(0)], of => ({ n: of as never })),
  );
  expect((await testRun(elements)).result('m')).toEqual([8, 7]);
  const beyond = over.map('m', n, ({ make: made }) => each([made.rows.at(5)], of => ({ n: of as never })));
  expect((await testRun(beyond)).cause('m')?.message).toBe(
    'Step "m": items[0]: "make#/0/rows/5" leads nowhere: "make#/0/rows" is a list of 2.',
  );
  const named = over.map('m', n, () => each([{ n: 1 }], of => ({ n: of.n })), {
    outputs: item => [(item as unknown as { path: string }).path],
  });
  expect((await testRun(named)).cause('m')?.message).toBe(
    'Step "m", item 0: outputs[0]: "item#/path" leads nowhere: "item#" has no field "path"; it has n.',
  );
});

test('what a function does to results that it is given no other sees, whose they are', async () => {
  const wide = ktFunction(({ n }: { n: number }) => ({ n, text: 'x'.repeat(2 ** 20) }));
  const change = ktFunction(({ all, again }: { all: { n: number }[]; again?: { n: number }[] }) => {
    for (const one of all) one.n += 10;
    return [...all, ...(again ?? [])].map(one => one.n);
  });
  const p = pipeline('p')
    .map('wide', wide, () => each([1, 2], n => ({ n })))
    .job('once', change, ({ wide: all }) => ({ all: all as never }))
    .job('twice', change, ({ wide: all }) => ({ all: all as never, again: all as never }), {
      after: ['once'],
    })
    .job('later', change, ({ wide: all }) => ({ all: all as never }), { after: ['twice'] });
  const run = await testRun(p);
  expect(['once', 'twice', 'later'].map(name => run.result(name as 'once'))).toEqual([
    [11, 12],
    [11, 12, 1, 2],
    [11, 12],
  ]);
});

test('what has no refs in it is made anew each time, as it is written', () => {
  const plain = { list: [1, [{ a: null }]], text: { $text: ['a', 'b'], other: 1 }, ['__proto__']: { x: [] } };
  const value = { plain, said: { $text: ['a', 1, true] }, at: { $ref: 'item#' }, of: { $ref: 'no-step#/a' } };
  const template = compileTemplate(value, new Set());
  const fill = () => template.fill(new Map(), { value: 7, index: 0 }, []) as typeof value;
  const [one, other] = [fill(), fill()];
  expect(JSON.stringify(one)).toBe(JSON.stringify({ ...value, said: 'a1true', at: 7 }));
  expect(other).toEqual(one);
  expect(other.plain.list[1]).not.toBe(one.plain.list[1]);
  expect(template.sources).toEqual([]);
});
