/** Who is given what of steps, and how many pods that is worth. */
import { type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { beforeEach, expect, test } from 'vitest';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { JobTally } from '../../run-store/job-tally.js';
import type { Job } from '../api/objects.js';
import { ANNOTATION, LABEL } from '../manifests/names.js';
import { WarmJob } from './warm-job.js';
import { type Lease, WarmPool, type WarmStep } from './warm-pool.js';

const objectOf = (status: Job['status'] = {}, completions = 4): Job => ({
  metadata: {
    name: 'kt-warm-c-1',
    labels: { [LABEL.warm]: 'c', [LABEL.wave]: '1' },
    annotations: { [ANNOTATION.memory]: '1Gi' },
  },
  spec: { completions, parallelism: completions } as Job['spec'],
  ...{ status },
});

function stepOf(name: string, options: Partial<KTJobInput> = {}): WarmStep {
  const [job] = mustParsePipeline({ name: 'p', jobs: [{ type: 'static', name, ...options }] }).jobs;
  const order = { runId: 'r', pipeline: 'p', job: job!, items: 9, itemsPerPod: 1 };
  return {
    ...{ name, order, tally: new JobTally(memoryFileStore(), order, () => undefined), memory: '1Gi' },
    ...{ isStopped: false, nextGiveAtMs: 0, lost: [], pool: null, wasGiven: () => false },
    ...{ setChanged: () => undefined, refuse: () => undefined },
  };
}

let pool: WarmPool;
let job: WarmJob;
beforeEach(() => {
  pool = new WarmPool();
  job = new WarmJob(objectOf());
  pool.made(job, 0);
});

/** What a pod is given, as "step/pod". */
function given(uid: string, nowMs = 0): string | null {
  const lease = pool.take(
    { leaseOf: slice => ({ ...slice, uid, job, index: 0, sinceMs: nowMs, isLate: false }) },
    nowMs,
  );
  return lease === null ? null : `${lease.step.name}/${lease.pod}`;
}

test('WP1: a pod of a step - is with one warm pod at a time, and steps take turns', () => {
  const [a, b] = [stepOf('a'), stepOf('b')];
  pool.offer(a, [0, 1], 0);
  pool.offer(b, [4], 0);
  expect(['1', '2', '3', '4'].map(uid => given(uid))).toEqual(['a/0', 'b/4', 'a/1', null]);
  expect([pool.holds(a, 1), pool.holds(a, 2), pool.holds(b, 4)]).toEqual([true, false, true]);
  pool.release(pool.leaseOf('3')!);
  expect([pool.holds(a, 1), pool.leases.length]).toEqual([false, 2]);
});

test('a step has as many at once as its parallelism says, and none once it is stopped', () => {
  const narrow = stepOf('narrow', { parallelism: 1 });
  pool.offer(narrow, [0, 1], 0);
  expect([pool.givable, given('1'), given('2'), pool.givable]).toEqual([1, 'narrow/0', null, 0]);
  pool.release(pool.leaseOf('1')!);
  Object.assign(narrow, { isStopped: true });
  expect(given('2')).toBeNull();
  expect(pool.steps).toEqual([]);
});

test('who had something to do last is given the next first, so that others end', () => {
  const answers: string[] = [];
  for (const [uid, idleMs] of [
    ['1', 10],
    ['2', 30],
    ['3', 20],
  ] as const)
    pool.waiters.add({
      ...{ uid, idleMs },
      answer: lease => {
        answers.push(`${uid} ${lease?.pod}`);
        for (const waiter of pool.waiters) if (waiter.uid === uid) pool.waiters.delete(waiter);
      },
      leaseOf: (slice): Lease => ({ ...slice, uid, job, index: 0, sinceMs: 0, isLate: false }),
    });
  pool.offer(stepOf('a'), [0, 1], 0);
  pool.give(40);
  expect(answers).toEqual(['2 0', '3 1']);
});

test('there are never more pods than there is something to do for, nor than may be', () => {
  const pods = Array.from({ length: 9 }, (_, pod) => pod);
  const empty = new WarmPool();
  empty.offer(stepOf('a'), pods.slice(0, 2), 0);
  expect([empty.wanted(100, 0), empty.wanted(1, 0)]).toEqual([2, 1]);
  pool.offer(stepOf('a'), pods, 0);
  // Four are starting, and nobody knows how long anything takes.
  expect(pool.wanted(100, 400)).toBe(0);
  for (const index of [0, 1, 2, 3]) {
    job.meet(index, `${index}`);
    given(`${index}`, 500);
  }
  // All have been at something for long: one more for each that waits.
  expect([pool.wanted(100, 30_500), pool.wanted(6, 30_500)]).toEqual([5, 2]);
});

test('a Job - has the pods that have neither ended nor been told to', () => {
  for (const index of [0, 1, 2]) job.meet(index, `uid-${index}`);
  job.tell(0);
  job.see(objectOf({ failedIndexes: '1' }), false);
  expect([job.active, job.ready, job.hasFailed]).toEqual([2, 1, true]);
  expect([job.endOf(1, 'uid-1'), job.endOf(2, 'uid-2'), job.endOf(3, 'x')]).toEqual(['failed', null, null]);
  // Kubernetes has put another into its place.
  expect([job.meet(2, 'other'), job.endOf(2, 'uid-2'), job.endOf(2, 'other')]).toEqual([
    'uid-2',
    'failed',
    null,
  ]);
  job.see(objectOf({ conditions: [{ type: 'Complete', status: 'True' }] }), false);
  expect([job.isLive, job.active]).toEqual([false, 0]);
});
