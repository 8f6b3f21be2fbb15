import { mustParsePipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { JOB } from './stored-job.js';

const jobOf = (fields: object): unknown =>
  JSON.parse(
    JSON.stringify(
      mustParsePipeline({
        name: 'p',
        jobs: [{ type: 'map', name: 'j', function: 'f', items: [], ...fields }],
      }).jobs[0],
    ),
  );

test('a stored job - shares what is as in the job before, and nobody changes it', () => {
  const [a, b] = [JOB(jobOf({ env: { A: '1' } })), JOB(jobOf({ env: { A: '1' } }))];
  expect(b).toEqual(a);
  expect(b.env).toBe(a.env);
  expect(b.backoff).toBe(a.backoff);
  expect(() => b.dependencies.push('x')).toThrow(TypeError);
});

test.each([
  ['another value', { args: { a: 1, b: 2 } }, { args: { a: 1, b: 3 } }],
  ['another order', { args: { a: 1, b: 2 } }, { args: { b: 2, a: 1 } }],
  ['a field more', { args: { a: 1 } }, { args: { a: 1, b: 2 } }],
  ['a field less', { args: { a: 1, b: 2 } }, { args: { a: 1 } }],
  ['a list in place of an object', { args: { a: {} } }, { args: { a: [] } }],
])('a stored job - with %s keeps its own', (_, before, after) => {
  JOB(jobOf(before));
  expect(JSON.stringify(JOB(jobOf(after)))).toBe(JSON.stringify(jobOf(after)));
});
