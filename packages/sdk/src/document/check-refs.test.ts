import { describe, expect, test } from 'vitest';
import { formatProblem } from '../errors.js';
import { parsePipeline } from './parse-pipeline.js';
import type { KTJobInput } from './spec-input.js';

const ref = (to: string) => ({ $ref: to });
const uses = (args: Record<string, unknown>, more: object = {}): KTJobInput =>
  ({ type: 'static', name: 'b', tasks: [{ function: 'm.f', args }], ...more }) as KTJobInput;
const map = (items: unknown, more: object = {}): KTJobInput =>
  ({ type: 'map', name: 'b', function: 'm.f', items, ...more }) as KTJobInput;

/** What is wrong with the job "b", beside a job "extract". */
function problems(b: KTJobInput, ...others: KTJobInput[]): string[] {
  const parsed = parsePipeline({ name: 'p', jobs: [{ type: 'static', name: 'extract' }, b, ...others] });
  return parsed.ok ? [] : parsed.problems.map(problem => `${problem.code} ${formatProblem(problem)}`);
}
const AFTER = { dependencies: ['extract'] };

describe('a ref to a step that is no dependency is refused', () => {
  const says = (path: string): string =>
    `REF_WITHOUT_DEPENDENCY jobs[1].${path}: Step "b" uses the result of "extract", which is not among its dependencies. Add "extract" to its dependencies.`;
  test.each<[string, KTJobInput]>([
    ['tasks[0].args.x', uses({ x: ref('extract#/0') })],
    ['tasks[0].args.deep[0].x', uses({ deep: [{ x: ref('extract#') }] })],
    ['args.x', map([1], { args: { x: ref('extract#/0') } })],
    ['args.x', { type: 'dynamic', name: 'b', function: 'm.f', args: { x: ref('extract#') } }],
    ['items', map(ref('extract#/0'))],
    ['items[1]', map([0, ref('extract#/0')])],
    ['outputs[0]', uses({}, { outputs: [ref('extract#/0')] })],
  ])('%s', (path, job) => {
    expect(problems(job)).toEqual([says(path)]);
    expect(problems({ ...job, ...AFTER })).toEqual([]);
  });

  test('itself', () => {
    expect(problems(uses({ x: ref('b#/0') }))).toEqual([
      'REF_WITHOUT_DEPENDENCY jobs[1].tasks[0].args.x: Step "b" uses the result of "b", which is itself. Use the result of a step before it.',
    ]);
  });
});

test.each<[string, KTJobInput, string]>([
  [
    'a map over an unknown step',
    map(ref('nobody#/0')),
    'UNKNOWN_REF jobs[1].items: Step "b" uses the result of "nobody", which does not exist. Refs are written {"$ref": "STEP#/0"}.',
  ],
  [
    'an output of an unknown step',
    map([], { outputs: [ref('extrct#/0')] }),
    'UNKNOWN_REF jobs[1].outputs[0]: Step "b" uses the result of "extrct", which does not exist. Did you mean "extract"?',
  ],
  [
    'a name that is nearly that of a step',
    uses({ x: ref('extrct#/0/a') }),
    'UNKNOWN_REF jobs[1].tasks[0].args.x: Step "b" uses the result of "extrct", which does not exist. Did you mean "extract"?',
  ],
  [
    'items that are no ref',
    map(ref('extract')),
    'BAD_REF jobs[1].items: Step "b" has {"$ref": "extract"}, which is no ref. Refs are written {"$ref": "STEP#/0"}, with no other field.',
  ],
  [
    'a step without a pointer',
    uses({ x: ref('extract') }, AFTER),
    'BAD_REF jobs[1].tasks[0].args.x: Step "b" has {"$ref": "extract"}, which is no ref. Refs are written {"$ref": "STEP#/0"}, with no other field.',
  ],
  [
    'a ref with another field',
    uses({ x: { $ref: 'extract#/0', y: 1 } }, AFTER),
    'BAD_REF jobs[1].tasks[0].args.x: Step "b" has {"$ref": "extract#/0"}, which is no ref. Refs are written {"$ref": "STEP#/0"}, with no other field.',
  ],
  [
    'an item outside of a map',
    uses({ x: ref('item#') }),
    'BAD_REF jobs[1].tasks[0].args.x: Step "b" has a ref to "item" in its "tasks", where there is none. Only what a step runs for each of its "items" is told of them, and its "outputs" and "inputs".',
  ],
  [
    'an item in the items of a map',
    map([ref('index#')]),
    'BAD_REF jobs[1].items[0]: Step "b" has a ref to "index" in its "items", where there is none. Only what a step runs for each of its "items" is told of them, and its "outputs" and "inputs".',
  ],
])('%s is refused', (_, job, problem) => {
  expect(problems(job)).toEqual([problem]);
});

test('a ref that means an item and a step is refused', () => {
  const item: KTJobInput = { type: 'static', name: 'item' };
  expect(problems(map([1], { args: { x: ref('item#') } }), item)).toEqual([
    'BAD_REF jobs[1].args.x: Step "b" has a ref to "item", which means two things: there is a step of that name. Give the step another name.',
  ]);
  expect(problems(map([1]), item)).toEqual([]);
});

test.each([
  { schema: ref('#/definitions/leaf') },
  { schema: ref('other.json#/definitions/x') },
  { schema: ref('https://example.org/tree') },
  { schema: { $ref: 'other.json#/0', title: 'x' } },
  { $ref: 7 },
  { x: ref('params#/dir') },
])('%j is data, or left to be filled in', args => {
  expect(problems(uses(args))).toEqual([]);
});
