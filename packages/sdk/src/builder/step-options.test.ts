import { expect, test } from 'vitest';
import * as z from 'zod';
import { ktFunction } from './kt-function.js';
import { mustParsePipeline } from '../document/parse-pipeline.js';
import { pipeline } from './pipeline.js';
import { each } from './refs.js';
import type { KTPipelineInput } from '../document/spec-input.js';
import type { KTJob } from '../document/spec.js';

const tick = ktFunction({ name: 'm.tick' }, () => {});
const tough = ktFunction(
  { name: 'm.tough', retries: 3, memory: '2Gi', timeout: '5m', maxFailed: 1 },
  () => 1,
);
const load = ktFunction({ name: 'm.load', input: z.object({ file: z.string() }) }, ({ file }) => ({
  file,
  to: `out/${file}`,
}));
const jobsOf = (p: { toSpec(): KTPipelineInput }): KTJob[] => mustParsePipeline(p.toSpec()).jobs;

test("a function's options are the step's defaults", () => {
  expect(jobsOf(pipeline('p').job('a', tough))[0]).toMatchObject({
    retries: 3,
    memory: '2Gi',
    timeout: '5m',
    maxFailed: 1,
    cpu: '500m',
  });
});

test("the step's options win, one by one", () => {
  expect(jobsOf(pipeline('p').job('a', tough, () => ({}), { retries: 0, cpu: '2' }))[0]).toMatchObject({
    retries: 0,
    memory: '2Gi',
    cpu: '2',
  });
});

test('an option that is undefined is not given', () => {
  const options = { retries: undefined } as object;
  expect(jobsOf(pipeline('p').job('a', tough, () => ({}), options))[0]).toMatchObject({ retries: 3 });
});

test("what a pipeline says of reuse holds for its steps, a function's and a step's own word comes first", () => {
  const alone = ktFunction({ name: 'm.alone', reuse: 'step' }, () => 1);
  const inner = pipeline('inner').job('a', tick);
  const kept = pipeline('kept', { reuse: 'step' }).job('a', tick);
  const p = pipeline('p', { reuse: 'run' })
    .job('a', tick)
    .job('b', alone)
    .job('c', alone, () => ({}), { reuse: 'run' })
    .container('d', { image: 'x' })
    .use('inner', inner)
    .use('kept', kept);
  const said = jobsOf(p).map(({ name, reuse }) => [name, reuse]);
  expect(Object.fromEntries(said)).toEqual({
    ...{ a: 'run', b: 'step', c: 'run', d: 'step' },
    ...{ 'inner.a': 'run', 'kept.a': 'step' },
  });
  expect(jobsOf(pipeline('p').job('a', tick))[0]?.reuse).toBe('step');
  expect(pipeline('p').job('a', tick).toSpec().jobs?.[0]).not.toHaveProperty('reuse');
});

test('name and schemas of a function do not reach the document', () => {
  const checked = ktFunction({ name: 'm.c', input: z.object({}), output: z.number() }, () => 1);
  expect(pipeline('p').job('a', checked).toSpec().jobs?.[0]).toEqual({
    type: 'static',
    name: 'a',
    dependencies: [],
    tasks: [{ function: 'm.c', args: {} }],
  });
});

test('`after` adds dependencies beside those of the refs, each once', () => {
  const p = pipeline('p')
    .job('a', tick)
    .job('b', load, () => ({ file: 'x' }))
    .job('c', load, ({ b }) => ({ file: b.to }), { after: ['a', 'b'] });
  expect(jobsOf(p)[2]?.dependencies).toEqual(['b', 'a']);
});

test('`outputs` may name files outright, by the item, or by earlier results', () => {
  const p = pipeline('p')
    .job('plain', tick, () => ({}), { outputs: ['out/done'] })
    .job('first', load, () => ({ file: 'x' }))
    .map('each', load, () => each([{ file: 'a', target: 'out/a' }], ({ file }) => ({ file })), {
      outputs: item => [item.target, 'out/log'],
    });
  expect(jobsOf(p).map(job => job.outputs)).toEqual([
    ['out/done'],
    [],
    [{ $ref: 'item#/target' }, 'out/log'],
  ]);
});

test('every option reaches the document', () => {
  const options = {
    memory: '1.5Gi',
    cpu: '250m',
    retries: 2,
    backoff: { initial: '2s' },
    timeout: '1h',
    itemsPerPod: 5,
    concurrency: 2,
    parallelism: 3,
    maxFailed: '5%',
    failFast: true,
    cache: true,
    env: { A: 'b' },
    labels: { team: 'x' },
    gpu: 1,
    kubernetes: { queue: 'night' },
  };
  expect(jobsOf(pipeline('p').job('a', tick, () => ({}), options))[0]).toMatchObject({
    ...options,
    backoff: { initial: '2s', factor: 2, max: '1m' },
  });
});

test('a wrong option is found at the door', () => {
  expect(() => jobsOf(pipeline('p').job('a', tick, () => ({}), { memory: 'lots' }))).toThrow(
    'jobs[0].memory: Expected a Kubernetes quantity',
  );
});
