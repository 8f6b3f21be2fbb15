import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ktFunction } from './kt-function.js';
import { mustParsePipeline } from '../document/parse-pipeline.js';
import { isPipeline, pipeline } from './pipeline.js';
import { each } from './refs.js';
import type { KTJobInput } from '../document/spec-input.js';

const list = ktFunction({ name: 'm.list', input: z.object({ dir: z.string() }) }, ({ dir }) => [
  { path: dir, size: 1 },
]);
const read = ktFunction(
  { name: 'm.read', input: z.object({ file: z.string(), at: z.number().optional() }) },
  ({ file }) => file.length,
);
const total = ktFunction(
  { name: 'm.total', input: z.object({ sizes: z.array(z.number()) }) },
  ({ sizes }) => ({ sum: sizes.length }),
);
const tick = ktFunction({ name: 'm.tick' }, () => {});
const grow = ktFunction({ name: 'm.grow' }, (): KTJobInput[] => []);

const params = z.object({ dir: z.string().default('in') });
const jobs = (p: { toSpec(): { jobs?: KTJobInput[] | null } }): KTJobInput[] => p.toSpec().jobs ?? [];

const flights = pipeline('flights', { params })
  .job('list', list, ({ params: { dir } }) => ({ dir }))
  .map('read', read, ({ list: files }) => files.each(({ path }, index) => ({ file: path, at: index })))
  .job('total', total, ({ read: sizes }) => ({ sizes }));

describe('the document', () => {
  test('has a static job for a job, a map for a map, with dependencies read from the refs', () => {
    expect(flights.toSpec()).toEqual({
      name: 'flights',
      schedules: [],
      jobs: [
        {
          type: 'static',
          name: 'list',
          dependencies: [],
          tasks: [{ function: 'm.list', args: { dir: { $ref: 'params#/dir' } } }],
        },
        {
          type: 'map',
          name: 'read',
          dependencies: ['list'],
          function: 'm.read',
          items: { $ref: 'list#/0' },
          args: { file: { $ref: 'item#/path' }, at: { $ref: 'index#' } },
        },
        {
          type: 'static',
          name: 'total',
          dependencies: ['read'],
          tasks: [{ function: 'm.total', args: { sizes: { $ref: 'read#' } } }],
        },
      ],
    });
  });

  test('is JSON, and passes the door', () => {
    const spec = flights.toSpec();
    expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
    expect(mustParsePipeline(spec).jobs.map(job => job.name)).toEqual(['list', 'read', 'total']);
  });

  test('holds parameter values where they are given', () => {
    const [first] = flights.toSpec({ dir: 'data' }).jobs ?? [];
    expect(first?.tasks).toEqual([{ function: 'm.list', args: { dir: 'data' } }]);
  });

  test('of a dynamic step has function and args', () => {
    expect(jobs(pipeline('p').dynamic('grow', grow))).toEqual([
      { type: 'dynamic', name: 'grow', dependencies: [], function: 'm.grow', args: {} },
    ]);
  });

  test('of a map over a known list holds the list', () => {
    expect(
      jobs(pipeline('p').map('read', read, () => each(['a', 'b'], file => ({ file }))))[0],
    ).toMatchObject({
      items: ['a', 'b'],
      dependencies: [],
    });
  });

  test('user data that looks like a ref to nowhere makes no dependency', () => {
    const any = ktFunction({ name: 'm.any', input: z.object({ schema: z.unknown() }) }, () => 1);
    const [job] = jobs(
      pipeline('p').job('any', any, () => ({ schema: { $ref: 'other.json#/definitions/x' } })),
    );
    expect(job).toMatchObject({
      dependencies: [],
      tasks: [{ args: { schema: { $ref: 'other.json#/definitions/x' } } }],
    });
  });

  test('functions without a name of their own are named by pipeline and step', () => {
    const unnamed = pipeline('p').job(
      'one',
      ktFunction(() => 1),
    );
    expect(jobs(unnamed)[0]?.tasks).toEqual([{ function: 'p.one', args: {} }]);
    expect([...unnamed.functions().keys()]).toEqual(['p.one']);
  });
});

test('a pipeline is immutable', () => {
  const start = pipeline('p').job('a', tick);
  const [left, right] = [start.job('b', tick), start.job('c', tick).schedule('0 3 * * *')];
  expect([start, left, right].map(p => jobs(p).map(job => job.name))).toEqual([
    ['a'],
    ['a', 'b'],
    ['a', 'c'],
  ]);
  expect([start.toSpec().schedules, right.toSpec().schedules]).toEqual([
    [],
    [
      {
        cron: '0 3 * * *',
        timeZone: null,
        concurrencyPolicy: 'Forbid',
        startingDeadline: null,
        suspend: false,
      },
    ],
  ]);
});

test('schedules add up', () => {
  const spec = pipeline('p')
    .schedule('0 3 * * *', { timeZone: 'Europe/Berlin' })
    .schedule('@hourly', { suspend: true })
    .toSpec();
  expect(spec.schedules).toEqual([
    {
      cron: '0 3 * * *',
      timeZone: 'Europe/Berlin',
      concurrencyPolicy: 'Forbid',
      startingDeadline: null,
      suspend: false,
    },
    { cron: '@hourly', timeZone: null, concurrencyPolicy: 'Forbid', startingDeadline: null, suspend: true },
  ]);
});

test('pipelines of another copy of this package are recognised', () => {
  expect(isPipeline(flights)).toBe(true);
  expect(isPipeline({ [Symbol.for('kube-transform.pipeline')]: true })).toBe(true);
  expect([{}, null, 'flights', flights.toSpec()].map(isPipeline)).toEqual([false, false, false, false]);
});
