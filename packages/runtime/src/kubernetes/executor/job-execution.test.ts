import { type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import type { JobOrder } from '../../ports/index.js';
import { memoryFileStore } from '../../stores/memory-file-store.js';
import type { Job } from '../api/objects.js';
import { LABEL } from '../manifests/names.js';
import { JobExecution } from './job-execution.js';

const orderOf = (more: Partial<KTJobInput> = {}): JobOrder =>
  orderOfStep({ function: 'f.f', args: {}, ...more });
const orderOfStep = (more: object): JobOrder => {
  const given = { type: 'map', name: 'm', items: [1], ...more } as KTJobInput;
  const [job] = mustParsePipeline({ name: 'p', jobs: [given] }).jobs;
  return { runId: 'r', pipeline: 'p', job: job!, items: 4, itemsPerPod: 2 };
};
const executionOf = (work: () => Promise<void> = () => Promise.resolve(), order = orderOf()): JobExecution =>
  new JobExecution(memoryFileStore(), order, { work, emit: () => undefined });
const waveJob = (number: number, uid = `uid ${number}`): Job => ({
  metadata: { name: `m-${number}`, uid, labels: { [LABEL.wave]: String(number) } },
});

test('Q1: an execution - is worked on by one at a time, and again after what happens meanwhile', async () => {
  let inWork = 0;
  let times = 0;
  let release = (): void => undefined;
  const execution = executionOf(async () => {
    expect(++inWork).toBe(1);
    times++;
    await new Promise<void>(resolve => (release = resolve));
    inWork--;
  });
  const first = execution.wake();
  const others = [execution.wake(), execution.wake()];
  expect(times).toBe(1);
  release();
  await new Promise(resolve => setImmediate(resolve));
  expect(times).toBe(2);
  release();
  await Promise.all([first, ...others]);
  expect(times).toBe(2);
});

test('an execution - is stopped before it is settled, and settled once for good', () => {
  const execution = executionOf();
  expect(execution).toMatchObject({ isStopped: false, isSettled: false, hasFailed: false });
  execution.stop();
  expect(execution).toMatchObject({ isStopped: true, isSettled: false });
  execution.settle({ type: 'JobFailed', job: 'm', cause: { kind: 'Lost', message: 'm' } });
  execution.stop();
  expect(execution).toMatchObject({ isStopped: true, isSettled: true, hasFailed: true });
});

test('waves - a Job of the same name that was made anew is another wave', () => {
  const execution = executionOf();
  execution.see(waveJob(1)).setHandled(0);
  execution.see({ ...waveJob(1), status: { failedIndexes: '0' } });
  expect(execution.waves.map(wave => wave.failedIndexes())).toEqual([[]]);
  execution.see({ ...waveJob(1, 'another'), status: { failedIndexes: '0' } });
  expect(execution.waves.map(wave => wave.failedIndexes())).toEqual([[0]]);
});

test('a pod - is new until it is told to begin, in a first wave of a first controller', () => {
  const execution = executionOf();
  execution.see(waveJob(1));
  expect([0, 1].map(pod => execution.isNew(pod))).toEqual([true, true]);
  execution.setGiven(0);
  expect([0, 1].map(pod => execution.isNew(pod))).toEqual([false, true]);
  execution.see(waveJob(2));
  expect(execution.isNew(1)).toBe(false);
  const found = executionOf();
  found.see(waveJob(1));
  found.setFound();
  expect(found.isNew(1)).toBe(false);
});

test('a job - is told to pods that begin, unless it is long', () => {
  const args = { text: 'x'.repeat(70_000) };
  expect([executionOf().isTold, executionOf(undefined, orderOf({ args })).isTold]).toEqual([true, false]);
});

test('the next wave - the first begins at once, others when failures are gathered and have backed off', () => {
  const execution = executionOf(undefined, orderOf({ backoff: { initial: '2s', factor: 3, max: '5s' } }));
  expect(execution.nextWaveAtMs(1000)).toBe(1000);
  execution.see(waveJob(1));
  expect(execution.nextWaveAtMs(1000)).toBe(1250);
  expect(execution.nextWaveAtMs(1100)).toBe(1250);
  execution.podEnded(0, { kind: 'crashed', hasBegun: true, memory: '1Gi' }, 1100);
  expect(execution.nextWaveAtMs(1100)).toBe(3100);
  execution.endGathering();
  execution.see(waveJob(2));
  execution.podEnded(0, { kind: 'crashed', hasBegun: true, memory: '1Gi' }, 5000);
  expect(execution.nextWaveAtMs(5000)).toBe(10_000);
});

test('what a call answers does not replace what a watch has told of the time after it', () => {
  const execution = executionOf();
  const at = (resourceVersion: string, succeeded?: number): Job => {
    const { metadata } = waveJob(1);
    return {
      metadata: { ...metadata, resourceVersion },
      ...(succeeded === undefined ? {} : { status: { succeeded } }),
    };
  };
  execution.see(at('9'));
  execution.see(at('12', 1));
  expect(execution.see(at('10')).succeeded).toBe(1);
  expect(execution.see(at('13', 2)).succeeded).toBe(2);
});

const CONTAINERS = { type: 'container', container: { image: 'x' } };
test.each([
  [1, 'a function', orderOf(), 12],
  [1000, 'a function', orderOf(), 12],
  [3000, 'a function', orderOf(), 4],
  [10_000, 'a function', orderOf(), 2],
  // Their results are stored by the process that counts them.
  [100, 'a container', orderOfStep(CONTAINERS), 12],
  [1000, 'a container', orderOfStep(CONTAINERS), 2],
])('an execution - of %i pods of %s has a store list all of them', async (items, _, step, times) => {
  const inner = memoryFileStore();
  let lists = 0;
  const list: typeof inner.list = (prefix, options) => {
    lists++;
    return inner.list(prefix, options);
  };
  const order = { ...step, items, itemsPerPod: 1 };
  const work = { work: () => Promise.resolve(), emit: () => undefined };
  const execution = new JobExecution({ ...inner, list }, order, work);
  await execution.read();
  lists = 0;
  for (let tick = 0; tick < 12; tick++) {
    execution.poll();
    await execution.read();
  }
  expect(lists).toBe(times);
});
