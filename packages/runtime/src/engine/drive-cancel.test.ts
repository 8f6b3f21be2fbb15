import { mustParsePipeline } from '@kube-transform/sdk';
import { expect, test } from 'vitest';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { systemClock } from '../process/system-clock.js';
import { drive, type DriveOptions } from './drive.js';
import type { Executor } from '../ports/index.js';
import { readStateFile } from '../run-store/state-file.js';
import { type ScriptedExecutor, scriptedExecutor } from '../testing/scripted-executor.js';

const never = new AbortController().signal;
const pipeline = mustParsePipeline({
  name: 'p',
  jobs: [
    { type: 'static', name: 'a', tasks: [{ function: 'f' }] },
    { type: 'static', name: 'b', tasks: [{ function: 'f' }], dependencies: ['a'] },
  ],
});

function setUp(executor: Executor, cancel: AbortSignal): DriveOptions {
  const record = { runId: 'r', pipeline, params: {}, createdAtMs: 0, source: null, retryOf: null };
  const sink = { publish: () => undefined };
  const signals = { drain: never, stop: never, cancel };
  return {
    store: memoryFileStore(),
    executor,
    clock: systemClock,
    sink,
    record,
    resumed: false,
    ...signals,
  };
}

/** An executor that is slow to begin a job: what happens meanwhile is up to the test. */
function slowExecutor(meanwhile: () => Promise<void>): ScriptedExecutor {
  const executor = scriptedExecutor(() => []);
  const begin = executor.submit;
  executor.submit = async order => {
    await meanwhile();
    await begin(order);
  };
  return executor;
}

test('a job that is just being begun is cancelled when it has begun', async () => {
  const cancel = new AbortController();
  const order: string[] = [];
  const executor = slowExecutor(async () => {
    cancel.abort();
    for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve));
    order.push('begun');
  });
  const end = executor.cancel;
  executor.cancel = job => {
    order.push('cancelled');
    return end(job);
  };
  const options = setUp(executor, cancel.signal);
  expect((await drive(options)).status).toBe('Cancelled');
  expect(order).toEqual(['begun', 'cancelled']);
  expect(executor.cancelled).toEqual(['a']);
  expect((await readStateFile(options.store, 'r'))?.status).toBe('Cancelled');
});

test('a run that is cancelled before it begins begins nothing', async () => {
  const executor = scriptedExecutor(() => []);
  expect((await drive(setUp(executor, AbortSignal.abort()))).status).toBe('Cancelled');
  expect(executor.submitted).toEqual([]);
});
