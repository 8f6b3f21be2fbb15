import { describe, expect, test } from 'vitest';
import { parsePipeline } from './parse-pipeline.js';
import type { KTPipeline } from './spec.js';

const parsed = (input: unknown): KTPipeline => {
  const result = parsePipeline(input);
  return result.ok ? result.value : expect.unreachable(JSON.stringify(result.problems));
};
const DEFAULTS = {
  memory: '1Gi',
  cpu: '500m',
  dependencies: [],
  function: null,
  args: {},
  tasks: [],
  items: null,
  retries: 0,
  backoff: { initial: '1s', factor: 2, max: '1m' },
  timeout: null,
  itemsPerPod: null,
  concurrency: null,
  parallelism: null,
  maxFailed: 0,
  failFast: false,
  cache: false,
  outputs: [],
  inputs: [],
  container: null,
  env: {},
  labels: {},
  gpu: 0,
  placement: 'pod',
  reuse: 'step',
  kubernetes: {},
};

describe('parsePipeline, as kube-transform does', () => {
  test('a job with its type alone gets a name and every default', () => {
    expect(parsed({ name: 'p', jobs: [{ type: 'static' }] }).jobs).toEqual([
      { ...DEFAULTS, type: 'static', name: 'pipeline-p-job-0' },
    ]);
  });

  test('null is the same as absent, in jobs and in tasks', () => {
    const nulls = {
      name: null,
      memory: null,
      cpu: null,
      dependencies: null,
      function: null,
      args: null,
      tasks: null,
    };
    expect(
      parsed({
        name: 'p',
        jobs: [
          { type: 'static', ...nulls },
          { type: 'dynamic', ...nulls },
        ],
      }).jobs,
    ).toEqual([
      { ...DEFAULTS, type: 'static', name: 'pipeline-p-job-0' },
      { ...DEFAULTS, type: 'dynamic', name: 'pipeline-p-job-1' },
    ]);
    const tasks = [{}, { function: null, args: null }, { function: 'm.f' }, { args: { a: 1 } }];
    expect(parsed({ name: 'p', jobs: [{ type: 'static', tasks }] }).jobs[0]?.tasks).toEqual([
      { function: null, args: {} },
      { function: null, args: {} },
      { function: 'm.f', args: {} },
      { function: null, args: { a: 1 } },
    ]);
  });

  test('an empty text for a function is no function', () => {
    const { jobs } = parsed({
      name: 'p',
      jobs: [
        { type: 'dynamic', function: '' },
        { type: 'static', function: '', tasks: [{ function: '' }] },
      ],
    });
    expect(jobs.map(job => job.function)).toEqual([null, null]);
    expect(jobs[1]?.tasks).toEqual([{ function: null, args: {} }]);
  });

  test('a static job has a list of tasks, a dynamic job function and args', () => {
    const document = {
      name: 'etl',
      jobs: [
        {
          type: 'static',
          name: 'extract',
          memory: '512Mi',
          cpu: '250m',
          tasks: [{ function: 'my_module.my_function', args: { n: 1 } }],
        },
        {
          type: 'dynamic',
          name: 'fan',
          dependencies: ['extract'],
          function: 'my_module.fan',
          args: { deep: { list: [1, null, 'x'] } },
        },
      ],
    };
    expect(parsed(document).jobs).toEqual(document.jobs.map(job => ({ ...DEFAULTS, ...job })));
  });

  test('a static job may have empty args, a dynamic job an empty list of tasks', () => {
    expect(
      parsed({
        name: 'p',
        jobs: [
          { type: 'static', args: {} },
          { type: 'dynamic', tasks: [] },
        ],
      }).jobs,
    ).toHaveLength(2);
  });

  test.each([{ name: 'p' }, { name: 'p', jobs: null }, { name: 'p', jobs: [] }])(
    'a pipeline may be without jobs: %j',
    document => {
      expect(parsed(document)).toEqual({ name: 'p', jobs: [], schedules: [] });
    },
  );

  test('jobs may come in any order, and a dependency may be named twice', () => {
    expect(
      parsed({
        name: 'p',
        jobs: [
          { type: 'static', name: 'b', dependencies: ['a', 'a'] },
          { type: 'static', name: 'a' },
        ],
      }).jobs[0]?.dependencies,
    ).toEqual(['a']);
  });

  test('an unnamed job can be depended on by its name', () => {
    expect(
      parsed({
        name: 'p',
        jobs: [{ type: 'static' }, { type: 'static', dependencies: ['pipeline-p-job-0'] }],
      }).jobs[1]?.dependencies,
    ).toEqual(['pipeline-p-job-0']);
  });

  test('a "$ref" in the user\'s data is data', () => {
    const args = { schema: { $ref: '#/definitions/x' } };
    expect(parsed({ name: 'p', jobs: [{ type: 'dynamic', args }] }).jobs[0]?.args).toEqual(args);
  });
});

describe('parsePipeline, beyond kube-transform', () => {
  test('a map runs over a list or over a ref to one', () => {
    const jobs = [
      { type: 'map', name: 'a', items: [1, { b: null }] },
      { type: 'map', name: 'b', dependencies: ['a'], items: { $ref: 'a#' } },
      { type: 'map', items: [] },
    ];
    expect(parsed({ name: 'p', jobs }).jobs.map(job => job.items)).toEqual([
      [1, { b: null }],
      { $ref: 'a#' },
      [],
    ]);
  });

  test('an incomplete backoff is filled in, an empty quantity is the default', () => {
    const [job] = parsed({
      name: 'p',
      jobs: [{ type: 'static', backoff: { initial: '5s', max: null }, memory: '', cpu: '' }],
    }).jobs;
    expect(job).toMatchObject({
      backoff: { initial: '5s', factor: 2, max: '1m' },
      memory: '1Gi',
      cpu: '500m',
    });
  });

  test('schedules are filled in', () => {
    expect(parsed({ name: 'p', schedules: [{ cron: '@daily' }] }).schedules).toEqual([
      { cron: '@daily', timeZone: null, concurrencyPolicy: 'Forbid', startingDeadline: null, suspend: false },
    ]);
  });
});

test('parsing twice is the same as parsing once', () => {
  const full = {
    name: 'p',
    schedules: [{ cron: '0 3 * * *', timeZone: 'Europe/Berlin' }],
    jobs: [
      { type: 'static', tasks: [{ function: 'm.f' }, {}], outputs: ['a', { $ref: 'item#/x' }] },
      {
        type: 'dynamic',
        function: 'm.g',
        retries: 2,
        timeout: '5m',
        maxFailed: '5%',
        gpu: 1,
        env: { A: 'b' },
      },
      {
        type: 'map',
        function: 'm.h',
        dependencies: ['pipeline-p-job-0'],
        items: { $ref: 'pipeline-p-job-0#/0' },
        itemsPerPod: 3,
        kubernetes: { queue: 'q', podPatch: { a: 1 } },
      },
    ],
  };
  const once = parsed(full);
  expect(parsed(once)).toEqual(once);
  expect(parsed(JSON.parse(JSON.stringify(once)))).toEqual(once);
});
