import { expect, test } from 'vitest';
import { type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import { AdmissionQueue } from './admission-queue.js';
import { JobExecution } from './job-execution.js';

/** A job with a Job of so many pods, of which some have succeeded. */
function executionOf(name: string): JobExecution {
  const given: KTJobInput = { type: 'map', name, function: 'f.f', items: [1], args: {} };
  const [job] = mustParsePipeline({ name: 'p', jobs: [given] }).jobs;
  const order = { runId: 'r', pipeline: 'p', job: job!, items: 4, itemsPerPod: 2 };
  const told = { work: () => Promise.resolve(), emit: () => undefined };
  return new JobExecution(memoryFileStore(), order, told);
}
const begin = (execution: JobExecution, pods: number, succeeded = 0): void =>
  void execution.see({
    metadata: { name: execution.name, uid: execution.name },
    spec: { parallelism: pods, completions: pods, template: { metadata: { labels: {} }, spec: {} } },
    status: { succeeded },
  });
const settle = (execution: JobExecution): void =>
  execution.settle({ type: 'JobSucceeded', job: execution.name });

test('TU1: jobs - are admitted while there is room, in the order in which they came', () => {
  const queue = new AdmissionQueue(3);
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(executionOf);
  expect(queue.admit(a!)).toBe(true);
  begin(a!, 2);
  expect([queue.admit(b!), queue.admit(c!), queue.admit(d!)]).toEqual([true, false, false]);
  settle(b!);
  expect(queue.release(b!, 0)).toEqual([c]);
});

test('TU2: the pods of a job that is settled - count until they have ended, for 30 s at most', () => {
  const queue = new AdmissionQueue(2);
  const [a, b, c] = ['a', 'b', 'c'].map(executionOf);
  queue.admit(a!);
  begin(a!, 2);
  expect([queue.admit(b!), queue.admit(c!)]).toEqual([false, false]);
  settle(a!);
  expect(queue.release(a!, 1000)).toEqual([]);
  expect([queue.room, queue.admit(b!)]).toEqual([0, false]);
  begin(a!, 2, 1);
  expect(queue.recount(2000)).toEqual([b]);
  expect([queue.room, queue.admit(b!), queue.admit(c!)]).toEqual([1, true, false]);
  // The other does not end.
  expect(queue.recount(30_999)).toEqual([]);
  expect(queue.recount(31_000)).toEqual([c]);
  expect(queue.room).toBe(2);
});
