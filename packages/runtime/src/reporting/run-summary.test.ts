import { describe, expect, test } from 'vitest';
import { isOver, jobCount, newJobProgress, newRunSummary, type RunSummary } from './run-summary.js';
import { eventsBetween } from './summary-events.js';

const RUN = { runId: 'r', pipeline: 'p', createdMs: 1000, retryOf: 'old' };
const NEW = newRunSummary(RUN);
const going: RunSummary = {
  ...NEW,
  startedMs: 1500,
  updatedMs: 2000,
  jobs: [{ ...newJobProgress('a'), status: 'Running', items: 4, done: 1 }, newJobProgress('b')],
  counts: { Running: 1, Pending: 1 },
};

test('a run is over when nothing more can come', () => {
  const statuses = ['Running', 'Interrupted', 'Completed', 'Failed', 'Cancelled'] as const;
  expect(statuses.map(status => isOver({ status }))).toEqual([false, false, true, true, true]);
});

test('the count of jobs includes those that are not told one by one', () => {
  expect(jobCount({ counts: { Completed: 3000, Failed: 2 } })).toBe(3002);
});

describe('eventsBetween', () => {
  const stamp = { atMs: 2000, runId: 'r' };

  test('who begins to look hears of the start, and of what has happened', () => {
    expect(eventsBetween(null, going)).toEqual([
      { type: 'RunStarted', pipeline: 'p', jobs: 2, resumed: false, atMs: 1500, runId: 'r' },
      { type: 'JobExpanded', job: 'a', items: 4, done: 0, failed: 0, ...stamp },
      { type: 'JobCounted', job: 'a', done: 1, failed: 0, retried: 0, skipped: 0, unkept: 0, ...stamp },
      { type: 'JobStatusChanged', job: 'a', from: 'Pending', to: 'Running', items: 4, ...stamp },
      { type: 'JobStatusChanged', job: 'b', from: null, to: 'Pending', items: null, ...stamp },
    ]);
  });

  test('nothing is said of what has not changed', () => {
    expect(eventsBetween(going, { ...going, updatedMs: 3000 })).toEqual([]);
  });

  test('waiting, failing and the end are said once', () => {
    const cause = { kind: 'Evicted', message: 'm' } as const;
    const waiting = {
      ...going,
      jobs: going.jobs.map(job => (job.name === 'a' ? { ...job, waiting: 'no node' } : job)),
    };
    expect(eventsBetween(going, waiting)).toEqual([
      { type: 'JobWaiting', job: 'a', message: 'no node', ...stamp },
    ]);
    const failed: RunSummary = {
      ...going,
      status: 'Failed',
      jobs: going.jobs.map(job => (job.name === 'a' ? { ...job, status: 'Failed', cause } : job)),
    };
    expect(eventsBetween(waiting, failed)).toEqual([
      { type: 'JobWaiting', job: 'a', message: null, ...stamp },
      { type: 'JobStatusChanged', job: 'a', from: 'Running', to: 'Failed', items: 4, cause, ...stamp },
      { type: 'RunFinished', status: 'Failed', durationMs: 500, ...stamp },
    ]);
  });
});
