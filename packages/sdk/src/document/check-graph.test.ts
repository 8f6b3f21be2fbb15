import { describe, expect, test } from 'vitest';
import type { Problem } from '../errors.js';
import { parsePipeline } from './parse-pipeline.js';

const problemsOf = (input: unknown): Problem[] => {
  const result = parsePipeline(input);
  return result.ok ? [] : result.problems;
};

describe('the graph', () => {
  const graph = (edges: Record<string, string[]>): Problem[] =>
    problemsOf({
      name: 'p',
      jobs: Object.entries(edges).map(([name, dependencies]) => ({ type: 'static', name, dependencies })),
    });

  test('an unknown dependency - is told with what was meant or what there is', () => {
    expect(graph({ extract: [], load: ['extrat', 'nowhere'] })).toEqual([
      {
        code: 'UNKNOWN_DEPENDENCY',
        path: 'jobs[1].dependencies[0]',
        message: 'Step "load" depends on "extrat", which does not exist.',
        hint: 'Did you mean "extract"?',
      },
      {
        code: 'UNKNOWN_DEPENDENCY',
        path: 'jobs[1].dependencies[1]',
        message: 'Step "load" depends on "nowhere", which does not exist.',
        hint: 'Known steps: extract, load.',
      },
    ]);
  });

  test('a cycle - is told with its path, and not with what hangs on it', () => {
    expect(graph({ start: [], a: ['start', 'c'], b: ['a'], c: ['b'], after: ['c'] })).toEqual([
      {
        code: 'CYCLE',
        path: 'jobs[1].dependencies[1]',
        message: 'Steps depend on each other in a circle: a → c → b → a.',
        hint: 'Remove one of these dependencies.',
      },
    ]);
    expect(graph({ a: ['a'] })).toMatchObject([{ code: 'CYCLE', message: 'Step "a" depends on itself.' }]);
  });

  test('a cycle is told beside unknown dependencies', () => {
    expect(graph({ a: ['b', 'x1'], b: ['a'] }).map(({ code }) => code)).toEqual([
      'UNKNOWN_DEPENDENCY',
      'CYCLE',
    ]);
  });

  test('a name that is taken - is told', () => {
    const jobs = [{ type: 'static', name: 'pipeline-p-job-1' }, { type: 'static' }];
    expect(problemsOf({ name: 'p', jobs })).toMatchObject([
      {
        code: 'DUPLICATE_NAME',
        path: 'jobs[1].name',
        message: 'The name "pipeline-p-job-1" is taken by jobs[0].',
      },
    ]);
  });

  test('names of Object.prototype are names like others', () => {
    expect(graph({ constructor: [], toString: ['constructor'] })).toEqual([]);
    expect(graph({ a: ['constructor'] })).toMatchObject([{ code: 'UNKNOWN_DEPENDENCY' }]);
  });
});
