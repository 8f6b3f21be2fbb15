/** What a template's Job becomes as an array job. */
import { expect, test } from 'vitest';
import { asArray } from './array-jobs.js';
import type { JobObject } from './job-object.js';

const jobWith = (spec: object): JobObject => ({
  metadata: { name: 'a' },
  spec: { template: { spec: { containers: [], restartPolicy: 'Never' } }, ...spec },
});

test('what a template says of retries - holds for each item', () => {
  const onExitCodes = { operator: 'In', values: [2] };
  const rules = [
    { action: 'Count', onExitCodes },
    { action: 'FailJob', onExitCodes },
  ];
  const job = jobWith({ backoffLimit: 3, podFailurePolicy: { rules } });
  asArray(job, 5);
  expect(job.spec).toMatchObject({
    completionMode: 'Indexed',
    completions: 5,
    backoffLimitPerIndex: 3,
    podFailurePolicy: { rules: [{ action: 'Count' }, { action: 'FailIndex', onExitCodes }] },
  });
  expect(job.spec).not.toHaveProperty('backoffLimit');
});

test.each([null, 'x', 5, [], { rules: null }, { rules: 'FailJob' }, { rules: [null, 1, {}] }])(
  'a failure policy %j - is left to the API server to refuse',
  podFailurePolicy => {
    const job = jobWith({ podFailurePolicy });
    asArray(job, 1);
    expect(job.spec['podFailurePolicy']).toEqual(podFailurePolicy);
  },
);

test('in a queue - as many items at once as it has room for', () => {
  const labels = { 'kueue.x-k8s.io/queue-name': 'q' };
  const annotationsOf = (items: number, spec: object = {}, own?: Record<string, string>): unknown => {
    const job = { ...jobWith(spec), metadata: { name: 'a', labels, ...(own && { annotations: own }) } };
    asArray(job, items);
    return job.metadata.annotations;
  };
  const FEWER = 'kueue.x-k8s.io/job-min-parallelism';
  expect(annotationsOf(5)).toEqual({ [FEWER]: '1' });
  expect(annotationsOf(5, {}, { [FEWER]: '3' })).toEqual({ [FEWER]: '3' });
  // Kueue refuses it for one that is alone.
  expect(annotationsOf(5, { parallelism: 1 })).toBeUndefined();
  const other = jobWith({});
  asArray(other, 5);
  // The cluster may have a queue for Jobs that name none.
  expect(other.metadata.annotations).toEqual({ [FEWER]: '1' });
});

test('what a template says of its items - holds, as far as there are so many', () => {
  const job = jobWith({ backoffLimit: 3, backoffLimitPerIndex: 1, maxFailedIndexes: 5, parallelism: 2 });
  asArray(job, 4);
  expect(job.spec).toMatchObject({ backoffLimitPerIndex: 1, maxFailedIndexes: 4, parallelism: 2 });
});
