/** What a real cluster (1.34) said where pods are not made, and which of several pods speaks for all. */
import { describe, expect, test } from 'vitest';
import { ask, eventOf, jobOf, podOf } from '../../../../../test/kit/waiting-pods.js';
import { missingPods } from './pending-reason.js';

const creating = { reason: 'ContainerCreating' };

describe('a pod that is not made', () => {
  const missing = jobOf({}, { active: 0, ready: 0 });

  test('is missing for what the last event of its Job says, whichever pod that names', () => {
    const words = 'exceeded quota: q, requested: pods=1, used: pods=4, limited: pods=4';
    const events = ['hb4s9', 'x1y2z'].map(name =>
      eventOf('job-1', 'FailedCreate', `Error creating: pods "kt-x-1-0-${name}" is forbidden: ${words}`),
    );
    expect(ask([], events, missing)).toMatchObject({
      reason: 'QuotaExceeded',
      message: words,
      waitLimit: 'long',
    });
  });

  test('was made since - what was refused once is no reason', () => {
    const events = [
      eventOf('job-1', 'FailedCreate', 'x'),
      eventOf('job-1', 'SuccessfulCreate', 'Created pod: y'),
    ];
    expect(ask([], events, missing)).toBeNull();
    expect(ask([], [eventOf('job-1', 'FailedCreate', 'x')])).toBeNull();
  });

  test('waits for pods that do not go away', () => {
    const job = jobOf({}, { active: 0, terminating: 2 });
    expect(ask([], [], job)).toMatchObject({
      reason: 'Terminating',
      waitLimit: 'long',
      remedy: expect.stringContaining('--force'),
    });
  });
});

describe('a Job that is suspended', () => {
  test('by a queue, or by somebody - is told, and waited for', () => {
    const queued = {
      ...jobOf({ suspend: true }, {}),
      metadata: { name: 'j', labels: { 'kueue.x-k8s.io/queue-name': 'batch' } },
    };
    expect(ask([], [], queued)).toMatchObject({
      reason: 'Suspended',
      waitLimit: 'endless',
      message: expect.stringContaining('queue "batch" admits'),
    });
    expect(ask([], [], jobOf({ suspend: true }, {}))).toMatchObject({
      waitLimit: 'endless',
      remedy: expect.stringContaining('kubectl patch job kt-x-1'),
    });
  });
});

describe('several pods', () => {
  const bad = podOf({ waiting: { reason: 'ErrImageNeverPull', message: 'not present' } });
  const queued = podOf({
    uid: 'pod-2',
    scheduled: {
      status: 'False',
      reason: 'Unschedulable',
      message: '0/1 nodes are available: 1 Insufficient cpu.',
    },
  });

  test('that wait - the one with which waiting helps least speaks for all', () => {
    expect(ask([queued, bad])).toMatchObject({ reason: 'ErrImageNeverPull', waitLimit: 'fatal' });
    const refused = eventOf(
      'job-1',
      'FailedCreate',
      'Error creating: pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
    );
    expect(ask([bad], [refused], jobOf({ parallelism: 2 }, { active: 1 }))).toMatchObject({
      reason: 'ErrImageNeverPull',
    });
  });

  test('of which one may yet start - are waited for', () => {
    expect(ask([podOf({ uid: 'pod-2', waiting: creating }), bad])).toMatchObject({
      reason: 'ErrImageNeverPull',
      waitLimit: 'grace',
    });
  });

  test('of which there are none, and nothing said - have no reason', () => {
    expect(ask([])).toBeNull();
  });
});

test.each([
  [{ parallelism: 2 }, { active: 1 }, 1],
  [{ parallelism: 2 }, { active: 1, terminating: 1 }, 0],
  [{ parallelism: 9, completions: 3 }, { active: 1, succeeded: 1, completedIndexes: '0' }, 1],
  [
    { parallelism: 9, completions: 100_000 },
    { active: 0, completedIndexes: '0-99990', failedIndexes: '99991,99993-99999' },
    1,
  ],
  [{ parallelism: 0 }, {}, 0],
  [{ parallelism: 1, completions: 1 }, { active: 1 }, 0],
])('pods that are missing of %j with %j: %i', (spec, status, count) => {
  expect(missingPods(jobOf(spec, status))).toBe(count);
});
