import { describe, expect, test } from 'vitest';
import { mustParsePipeline, parseSpawn } from './parse-pipeline.js';

describe('a spawn', () => {
  test('names its unnamed jobs after the parent, and may depend on jobs outside', () => {
    expect(
      parseSpawn([{ type: 'static' }, { type: 'dynamic', dependencies: ['elsewhere'] }], 'fan'),
    ).toMatchObject({
      ok: true,
      value: [{ name: 'fan-job-0' }, { name: 'fan-job-1', dependencies: ['elsewhere'] }],
    });
  });

  test('has the same problems as jobs of a document', () => {
    const spawn = parseSpawn([{ type: 'static', nme: 'x' }, 3], 'fan');
    expect(spawn).toMatchObject({
      ok: false,
      problems: [{ code: 'UNKNOWN_FIELD', path: '[0].nme', hint: 'Did you mean "name"?' }, { path: '[1]' }],
    });
    expect(parseSpawn(undefined, 'fan')).toMatchObject({
      ok: false,
      problems: [{ message: 'Expected a list of jobs, but got nothing.' }],
    });
  });
});

test('mustParsePipeline throws every problem', () => {
  expect(() => mustParsePipeline({ name: '', jobs: [{ type: 'odd' as never }] })).toThrow(
    /^name: Expected a name.*\njobs\[0\]\.type: Expected "static"/,
  );
});
