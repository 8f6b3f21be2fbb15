import { describe, expect, test } from 'vitest';
import type { Problem } from '../errors.js';
import { parsePipeline } from './parse-pipeline.js';

const problemsOf = (input: unknown): Problem[] => {
  const result = parsePipeline(input);
  return result.ok ? [] : result.problems;
};
const inJob = (job: object): Problem[] => problemsOf({ name: 'p', jobs: [job] });

test('all problems are told at once, each with its place', () => {
  const problems = problemsOf({
    name: '',
    extra: 1,
    jobs: [
      { type: 'static', function: 'm.f', memory: 'lots', dependencies: ['zz'] },
      { type: 'dynamic', name: 'load', retries: -1, tasks: [{}] },
      { type: 'map', name: 'load', tasks: [{ fnction: 'm.f' }], backoff: { initial: 'soon' } },
      { type: 'sttic' },
      null,
    ],
  });
  expect(problems.map(({ code, path }) => `${code} ${path}`).sort()).toEqual([
    'BAD_DOCUMENT jobs[0].function',
    'BAD_DOCUMENT jobs[1].retries',
    'BAD_DOCUMENT jobs[1].tasks',
    'BAD_DOCUMENT jobs[2].items',
    'BAD_DOCUMENT jobs[2].tasks',
    'BAD_DOCUMENT jobs[3].type',
    'BAD_DOCUMENT jobs[4]',
    'BAD_DOCUMENT name',
    'BAD_DURATION jobs[2].backoff.initial',
    'BAD_QUANTITY jobs[0].memory',
    'DUPLICATE_NAME jobs[2].name',
    'UNKNOWN_DEPENDENCY jobs[0].dependencies[0]',
    'UNKNOWN_FIELD extra',
    'UNKNOWN_FIELD jobs[2].tasks[0].fnction',
  ]);
});

test.each<[string, object, string]>([
  [
    'a static job with a function',
    { type: 'static', function: 'm.f' },
    'jobs[0].function: Expected no "function" in a static job (its calls are in "tasks"), but got "m.f".',
  ],
  [
    'a static job with args',
    { type: 'static', args: { a: 1 } },
    'jobs[0].args: Expected no "args" in a static job (its calls are in "tasks"), but got {"a":1}.',
  ],
  [
    'a dynamic job with tasks',
    { type: 'dynamic', tasks: [{}] },
    'jobs[0].tasks: Expected no "tasks" in a dynamic job, but got [{}].',
  ],
  [
    'a map with tasks',
    { type: 'map', items: [], tasks: [{}] },
    'jobs[0].tasks: Expected no "tasks" in a map job, but got [{}].',
  ],
  [
    'a map without items',
    { type: 'map', items: null },
    'jobs[0].items: Expected "items" in a map job, but got null.',
  ],
  [
    'a map over a text',
    { type: 'map', items: 'a,b' },
    'jobs[0].items: Expected a list, or a {"$ref": …} to one, but got "a,b".',
  ],
  [
    'a step beside the controller with options of pods',
    { type: 'static', placement: 'controller', kubernetes: { image: 'x' } },
    'jobs[0].kubernetes: Expected no "kubernetes" with "placement": "controller" (a step that runs in no pod of its own), but got {"image":"x"}.',
  ],
  [
    'a step beside the controller with a GPU',
    { type: 'static', placement: 'controller', gpu: 1 },
    'jobs[0].gpu: Expected no "gpu" with "placement": "controller" (a step that runs in no pod of its own), but got 1.',
  ],
  [
    'a step that is placed somewhere else',
    { type: 'static', placement: 'laptop' },
    'jobs[0].placement: Expected "pod" or "controller", but got "laptop".',
  ],
  [
    'a step whose pods are to be reused by something else',
    { type: 'static', reuse: 'pod' },
    'jobs[0].reuse: Expected "step" or "run", but got "pod".',
  ],
  [
    'items in a static job',
    { type: 'static', items: [1] },
    'jobs[0].items: Expected "items" only in a map job, but got [1].',
  ],
  ['no type', {}, 'jobs[0].type: Expected "static", "dynamic", "map" or "container", but got nothing.'],
  [
    'a name with "#"',
    { type: 'static', name: 'a#b' },
    'jobs[0].name: Expected a name without "#", but got "a#b".',
  ],
  [
    'an empty name',
    { type: 'static', name: '' },
    'jobs[0].name: Expected a name that is not empty, but got "".',
  ],
  [
    'dependencies that are no list',
    { type: 'static', dependencies: 'a' },
    'jobs[0].dependencies: Expected a list of job names, but got "a".',
  ],
  [
    'a percentage over 100',
    { type: 'static', maxFailed: '101%' },
    'jobs[0].maxFailed: Expected a count such as 3, or a percentage such as "5%", but got "101%".',
  ],
  [
    'a percentage just over 100',
    { type: 'static', maxFailed: '100.5%' },
    'jobs[0].maxFailed: Expected a count such as 3, or a percentage such as "5%", but got "100.5%".',
  ],
  [
    'a negative count',
    { type: 'static', maxFailed: -1 },
    'jobs[0].maxFailed: Expected a count such as 3, or a percentage such as "5%", but got -1.',
  ],
  [
    'a duration without unit',
    { type: 'static', timeout: '90' },
    'jobs[0].timeout: Expected a duration such as "500ms", "90s", "5m" or "1h30m", but got "90".',
  ],
  [
    'half an item a pod',
    { type: 'static', itemsPerPod: 0.5 },
    'jobs[0].itemsPerPod: Expected a whole number of at least 1, but got 0.5.',
  ],
  ['an env that is no text', { type: 'static', env: { A: 1 } }, 'jobs[0].env.A: Expected text, but got 1.'],
  ['args that are a list', { type: 'dynamic', args: [1] }, 'jobs[0].args: Expected an object, but got [1].'],
  [
    'a Date in args',
    { type: 'dynamic', args: { at: new Date(0) } },
    'jobs[0].args: Expected JSON, which cannot hold an instance of Date (at at), but got an object that is no JSON.',
  ],
  [
    'a bigint in items',
    { type: 'map', items: [1, { n: 1n }] },
    'jobs[0].items: Expected JSON, which cannot hold a bigint (at [1].n), but got an object that is no JSON.',
  ],
])('%s is refused with a sentence', (_what, job, sentence) => {
  expect(inJob(job).map(({ path, message }) => `${path}: ${message}`)).toEqual([sentence]);
});

describe('unknown fields', () => {
  test.each<[object, string, string]>([
    [{ type: 'static', dependancies: [] }, 'jobs[0].dependancies', 'Did you mean "dependencies"?'],
    [{ type: 'static', tasks: [{ arg: {} }] }, 'jobs[0].tasks[0].arg', 'Did you mean "args"?'],
    [{ type: 'static', kubernetes: { quue: 'x' } }, 'jobs[0].kubernetes.quue', 'Did you mean "queue"?'],
    [{ type: 'static', backoff: { intial: '1s' } }, 'jobs[0].backoff.intial', 'Did you mean "initial"?'],
    [{ type: 'static', somethingElse: 1 }, 'jobs[0].somethingElse', 'Remove it.'],
  ])('%j', (job, path, hint) => {
    expect(inJob(job)).toMatchObject([{ code: 'UNKNOWN_FIELD', path, hint }]);
  });

  test('of the pipeline and of a schedule are refused', () => {
    expect(
      problemsOf({ name: 'p', job: [], schedules: [{ cron: '@daily', timezone: 'UTC' }] }),
    ).toMatchObject([
      { path: 'schedules[0].timezone', hint: 'Did you mean "timeZone"?' },
      { path: 'job', hint: 'Did you mean "jobs"?' },
    ]);
  });
});

test.each([
  [null, 'null'],
  [undefined, 'nothing'],
  [[], '[]'],
  ['text', '"text"'],
  [1n, 'a bigint'],
  [() => 1, 'a function'],
])('%s is no pipeline', (input, seen) => {
  expect(problemsOf(input)).toEqual([
    {
      code: 'BAD_DOCUMENT',
      path: '',
      message: `Expected a pipeline: an object with "name" and "jobs", but got ${seen}.`,
    },
  ]);
});

test('a long value is cut in the message', () => {
  expect(inJob({ type: 'static', memory: 'x'.repeat(200) })[0]?.message).toMatch(/but got "x{56}…\.$/);
});
