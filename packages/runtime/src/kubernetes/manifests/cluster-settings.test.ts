/** What settings make of a job. */
import { expect, test } from 'vitest';
import { queueMarks } from './cluster-settings.js';

test('a queue may admit fewer pods than are asked for, and where they take what is left fewer indexes', () => {
  const least = { 'kueue.x-k8s.io/job-min-parallelism': '1' };
  const allAtOnce = { 'kueue.x-k8s.io/job-completions-equal-parallelism': 'true' };
  expect(queueMarks({ parallelism: 5, first: null })).toEqual(least);
  expect(queueMarks({ parallelism: 5, first: 0 })).toEqual({ ...least, ...allAtOnce });
  // Kueue refuses a least number that is not below what is asked for.
  expect(queueMarks({ parallelism: 1, first: 1 })).toEqual({});
});
