import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { ktFunction } from './kt-function.js';
import type { Json } from '../json.js';
import { mustParsePipeline } from '../document/parse-pipeline.js';
import { pipeline } from './pipeline.js';
import type { KTPipelineInput } from '../document/spec-input.js';
import type { KTJob } from '../document/spec.js';

const tick = ktFunction({ name: 'm.tick' }, () => {});
const list = ktFunction(
  { name: 'm.list', input: z.object({ dir: z.string(), limit: z.number() }) },
  ({ dir }) => ({ dir, files: [dir] }),
);
const load = ktFunction(
  { name: 'm.load', input: z.object({ file: z.string(), mode: z.string() }) },
  ({ file }) => file.length,
);
const sum = ktFunction(
  { name: 'm.sum', input: z.object({ all: z.array(z.number()) }) },
  ({ all }) => all.length,
);

const inner = pipeline('inner', {
  params: z.object({
    dir: z.string(),
    limit: z.number().default(9),
    mode: z.object({ name: z.string() }).default({ name: 'fast' }),
  }),
})
  .job('start', tick)
  .job('list', list, ({ params }) => ({ dir: params.dir, limit: params.limit }), { after: ['start'] })
  .map('load', load, ({ list: { files }, params }) => files.each(file => ({ file, mode: params.mode.name })));

const jobsOf = (p: { toSpec(): KTPipelineInput }): Record<string, KTJob> =>
  Object.fromEntries(mustParsePipeline(p.toSpec()).jobs.map(job => [job.name, job]));
const argsOf = (job: KTJob | undefined): Json | undefined => job?.tasks[0]?.args ?? job?.args;

describe('use', () => {
  const outer = pipeline('outer')
    .use('sub', inner, () => ({ dir: 'in' }))
    .job('sum', sum, ({ sub }) => ({ all: sub.load }));

  test('takes in the steps under a prefix, refs and `after` with them', () => {
    const jobs = jobsOf(outer);
    expect(Object.keys(jobs)).toEqual(['sub.start', 'sub.list', 'sub.load', 'sum']);
    expect(jobs['sub.list']?.dependencies).toEqual(['sub.start']);
    expect(jobs['sub.load']).toMatchObject({
      dependencies: ['sub.list'],
      items: { $ref: 'sub.list#/0/files' },
    });
    expect(argsOf(jobs['sum'])).toEqual({ all: { $ref: 'sub.load#' } });
  });

  test('binds parameters to values and defaults', () => {
    expect(argsOf(jobsOf(outer)['sub.list'])).toEqual({ dir: 'in', limit: 9 });
    expect(argsOf(jobsOf(outer)['sub.load'])).toEqual({ file: { $ref: 'item#' }, mode: 'fast' });
  });

  test('binds parameters to refs, at any depth, and keeps the other defaults', () => {
    const p = pipeline('p', {
      params: z.object({ where: z.object({ dir: z.string() }), mode: z.object({ name: z.string() }) }),
    }).use('sub', inner, ({ params }) => ({ dir: params.where.dir, mode: params.mode }));
    expect(argsOf(jobsOf(p)['sub.list'])).toEqual({ dir: { $ref: 'params#/where/dir' }, limit: 9 });
    expect(argsOf(jobsOf(p)['sub.load'])).toMatchObject({ mode: { $ref: 'params#/mode/name' } });
  });

  test('binds all parameters to one ref', () => {
    const all = z.object({ dir: z.string(), limit: z.number(), mode: z.object({ name: z.string() }) });
    const p = pipeline('p', { params: all }).use('sub', inner, ({ params }) => params);
    expect(argsOf(jobsOf(p)['sub.list'])).toEqual({
      dir: { $ref: 'params#/dir' },
      limit: { $ref: 'params#/limit' },
    });
  });

  test('a parameter that is bound to a result makes a dependency', () => {
    const p = pipeline('p')
      .job('first', list, () => ({ dir: 'x', limit: 1 }))
      .use('sub', inner, ({ first }) => ({ dir: first.dir }));
    expect(jobsOf(p)['sub.list']?.dependencies).toEqual(['first', 'sub.start']);
  });

  test('a map may go over a parameter that is bound to a result', () => {
    const over = pipeline('over', { params: z.object({ files: z.array(z.string()) }) }).map(
      'load',
      load,
      ({ params }) => params.files.each(file => ({ file, mode: 'x' })),
    );
    const p = pipeline('p')
      .job('first', list, () => ({ dir: 'x', limit: 1 }))
      .use('sub', over, ({ first }) => ({ files: first.files }));
    expect(jobsOf(p)['sub.load']).toMatchObject({
      dependencies: ['first'],
      items: { $ref: 'first#/0/files' },
    });
    expect(jobsOf(pipeline('p').use('sub', over, () => ({ files: ['a'] })))['sub.load']?.items).toEqual([
      'a',
    ]);
  });

  test('takes in a pipeline that itself uses another', () => {
    const p = pipeline('top', { params: z.object({ dir: z.string() }) })
      .use(
        'day',
        pipeline('day', { params: z.object({ in: z.string() }) })
          .use('sub', inner, ({ params }) => ({ dir: params.in }))
          .job('sum', sum, ({ sub }) => ({ all: sub.load })),
        ({ params }) => ({ in: params.dir }),
      )
      .job('last', sum, ({ day }) => ({ all: day.sub.load }), { after: ['day'] });
    const jobs = jobsOf(p);
    expect(Object.keys(jobs)).toEqual(['day.sub.start', 'day.sub.list', 'day.sub.load', 'day.sum', 'last']);
    expect(argsOf(jobs['day.sub.list'])).toEqual({ dir: { $ref: 'params#/dir' }, limit: 9 });
    expect(jobs['day.sub.list']?.dependencies).toEqual(['day.sub.start']);
    expect(argsOf(jobs['last'])).toEqual({ all: { $ref: 'day.sub.load#' } });
    expect(jobs['last']?.dependencies).toEqual(['day.sub.load', 'day.sub.start', 'day.sub.list', 'day.sum']);
  });

  test('one pipeline can be used twice', () => {
    const p = pipeline('p')
      .use('a', inner, () => ({ dir: '1' }))
      .use('b', inner, () => ({ dir: '2' }), { after: ['a'] });
    expect(jobsOf(p)['b.start']?.dependencies).toEqual(['a.start', 'a.list', 'a.load']);
    expect(argsOf(jobsOf(p)['b.list'])).toMatchObject({ dir: '2' });
    expect([...p.functions().keys()]).toEqual(['m.tick', 'm.list', 'm.load']);
  });

  test('leaves the pipeline that is used as it was', () => {
    expect(Object.keys(jobsOf(inner))).toEqual(['start', 'list', 'load']);
    expect(jobsOf(inner)['list']?.dependencies).toEqual(['start']);
  });

  test("leaves the user's data as it is", () => {
    const any = ktFunction({ name: 'm.any', input: z.object({ schema: z.unknown() }) }, () => 1);
    const p = pipeline('p').use(
      'sub',
      pipeline('q').job('any', any, () => ({ schema: { $ref: 'other.json#/x' } })),
    );
    expect(argsOf(jobsOf(p)['sub.any'])).toEqual({ schema: { $ref: 'other.json#/x' } });
  });

  test('a step called "options" is a step like others', () => {
    const p = pipeline('p')
      .use('sub', pipeline('q').job('options', tick))
      .job('end', tick, () => ({}), { after: ['sub'] });
    expect(jobsOf(p)['end']?.dependencies).toEqual(['sub.options']);
  });

  test('moves `outputs` too', () => {
    const q = pipeline('q', { params: z.object({ to: z.string() }) }).job('a', tick, () => ({}), {
      outputs: ['fixed'],
    });
    expect(jobsOf(pipeline('p').use('s', q, () => ({ to: 'x' })))['s.a']?.outputs).toEqual(['fixed']);
  });

  test('refuses plain parameters that do not fit', () => {
    expect(() => pipeline('p').use('sub', inner, () => ({ dir: 3 as never }))).toThrow(
      /^sub\.params\.dir: .*expected string/,
    );
    expect(() =>
      (pipeline('p').use as (...args: unknown[]) => unknown).call(pipeline('p'), 'sub', inner),
    ).toThrow('sub.params.dir');
  });

  test('refuses a prefix that is taken', () => {
    expect(() =>
      pipeline('p')
        .job('sub', tick)
        .use('sub' as never, inner, () => ({ dir: 'x' })),
    ).toThrow('already has a step "sub"');
  });
});

test('a parameter that is not given is left out; a place that there is not is refused', () => {
  const params = z.object({ years: z.array(z.number()), note: z.string().optional() });
  const any = ktFunction({ name: 'm.any' }, (_: { year: number; note?: string | undefined }) => null);
  const of = (at: number) =>
    pipeline('p', { params }).job('any', any, steps => ({
      year: steps.params.years.at(at),
      note: steps.params.note,
    }));
  expect(of(0).toSpec({ years: [2024] }).jobs?.[0]?.tasks?.[0]?.args).toEqual({ year: 2024 });
  expect(() => of(3).toSpec({ years: [2024] })).toThrow(
    'params.years["3"]: "params#/years/3" leads nowhere: "params#/years" is a list of 1.',
  );
  expect(() => pipeline('q').use('sub', of(3), () => ({ years: [2024] }))).toThrow('is a list of 1');
});
