/** The contract of executors, run on each of them. */
import { mustParsePipeline, type KTJobInput } from '@kube-transform/sdk';
import { drive, jobStates, readOutcomes, systemClock } from '@kube-transform/runtime/internal';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bench, besideBench, inProcessBench, processBench } from '../kit/executors.js';
import { scriptedKubeBench } from '../kit/kube-executor.js';
import { hasEnded } from '../kit/kt.js';
import { executorContract } from './executor-contract.js';

executorContract('in-process', inProcessBench);
executorContract('Kubernetes, on a scripted API', scriptedKubeBench);
executorContract('processes', processBench);
executorContract('a process beside the controller', besideBench);

describe.each([
  ['in-process', inProcessBench],
  ['processes', processBench],
  ['a process beside the controller', besideBench],
] as const)('a store that fails, %s', (_name, open) => {
  test('X2, E3, O4: leaves the run to be resumed, with what is done kept', async () => {
    const bench = await open();
    const never = new AbortController().signal;
    const job: KTJobInput = {
      type: 'map',
      name: 'm',
      function: 'calls.touches',
      items: ['a/1', 'a/2', 'a/3'],
      args: { path: { $ref: 'item#' } },
      itemsPerPod: 3,
    };
    const record = {
      runId: 'full',
      pipeline: mustParsePipeline({ name: 'p', jobs: [job] }),
      params: {},
      createdAtMs: 0,
      source: null,
      retryOf: null,
    };
    const go = () =>
      drive({
        store: bench.store,
        executor: bench.executor(),
        clock: systemClock,
        record,
        sink: { publish: () => undefined },
        resumed: false,
        drain: never,
        stop: never,
        cancel: never,
      });
    // An object where the folder of the results should be: nothing can be stored below it.
    const blocker = 'kt-metadata/full/jobs/m/results';
    const blocks = bench.store.capabilities.kind === 'file';
    if (blocks) await bench.store.put(blocker, new Uint8Array());
    else bench.breakPuts(/\/results\//);
    await expect(go()).rejects.toMatchObject({ code: 'STORE_FAILED' });
    if (blocks) await bench.store.delete([blocker]);
    else bench.breakPuts(undefined);
    expect((await go()).status).toBe('Completed');
    await bench.close();
  });
});

describe.concurrent('process pool: what breaks a process', () => {
  let bench: Bench;
  const never = new AbortController().signal;
  beforeAll(async () => {
    bench = await processBench();
  });
  afterAll(() => bench.close());

  const go = async (runId: string, job: Omit<KTJobInput, 'type' | 'name'>) => {
    const pipeline = mustParsePipeline({
      name: 'p',
      jobs: [{ type: 'map', name: 'm', backoff: { initial: '1ms' }, ...job }],
    });
    const { status, state } = await drive({
      store: bench.store,
      executor: bench.executor(),
      clock: systemClock,
      resumed: false,
      drain: never,
      stop: never,
      cancel: never,
      sink: { publish: () => undefined },
      record: { runId, pipeline, params: {}, createdAtMs: 0, source: null, retryOf: null },
    });
    const [own] = [...jobStates(state)].map(entry => entry.own);
    return {
      status,
      cause: own?.state === 'failed' ? own.cause : undefined,
      outcomes: await readOutcomes(bench.store, runId, 'm'),
    };
  };

  test.each(['exit', 'kill'])('E2: a worker that ends by %s - is replaced', async how => {
    const { status, outcomes } = await go(`dies-${how}`, {
      function: 'calls.dies',
      items: [1, 2, 1, 1],
      args: { how, untilAttempt: { $ref: 'item#' } },
      retries: 1,
      itemsPerPod: 4,
    });
    expect(status).toBe('Completed');
    expect([...outcomes].sort(([a], [b]) => a - b).map(([, o]) => o.attempts)).toEqual([1, 2, 1, 1]);
  });

  test('without retries, a worker that dies fails its item, with the exit code as cause, and no other', async () => {
    const { cause, outcomes } = await go('dies-final', {
      function: 'calls.dies',
      items: [1, 9, 1],
      args: { how: 'exit', untilAttempt: { $ref: 'item#' } },
      itemsPerPod: 3,
    });
    expect(cause).toMatchObject({ kind: 'ItemsFailed', failed: 1, first: { kind: 'Exited', exitCode: 7 } });
    expect([...outcomes.values()].filter(({ result }) => result === 1)).toHaveLength(2);
  });

  test('W4: what a function says to the process that began its own - is nobody’s business', async () => {
    const spoken = { function: 'calls.speaks', items: [0, 1, 2, 3], args: { n: { $ref: 'item#' } } };
    const { status, outcomes } = await go('speaks', { ...spoken, itemsPerPod: 2 });
    expect(status).toBe('Completed');
    expect([...outcomes].sort(([a], [b]) => a - b).map(([, { result }]) => result)).toEqual([0, 1, 2, 3]);
  });

  test('W4: what a function forges - does not count', async () => {
    const { cause } = await go('forges', { function: 'calls.forges', items: [1, 2, 3], args: {} });
    expect(cause).toMatchObject({ kind: 'ItemsFailed', failed: 3, first: { message: 'really failed' } });
  });

  test.for(['return', 'exit', 'spin'])(
    'W5: a process that a function began - ends with its worker (%s)',
    async (how, { expect }) => {
      const path = `begun/${how}`;
      await go(`begins-${how}`, {
        function: 'calls.begins',
        items: [1],
        args: { path, how },
        timeout: '500ms',
      });
      const pid = Number(new TextDecoder().decode(await bench.store.get(path)));
      await expect.poll(() => hasEnded(pid), { interval: 10, timeout: 5000 }).toBe(true);
    },
  );

  test('an item that calls process.exit(0) - has failed, and the others go on', async () => {
    const items = { items: [0, 1, 2], args: { n: { $ref: 'item#' } }, itemsPerPod: 3 };
    const { status, cause, outcomes } = await go('exits-well', { function: 'calls.exitsWell', ...items });
    expect(status).toBe('Failed');
    expect(cause).toMatchObject({ failed: 1, firstItem: 1, first: { kind: 'Exited', exitCode: 0 } });
    expect([outcomes.get(0)?.result, outcomes.get(2)?.result]).toEqual([0, 2]);
  });

  test('an item whose promise never settles - has failed, and the others go on', async () => {
    const items = { items: [0, 1, 2], args: { n: { $ref: 'item#' } }, itemsPerPod: 3 };
    const { cause, outcomes } = await go('forgets', { function: 'calls.forgets', ...items });
    const message = expect.stringContaining('a promise that can no longer settle');
    expect(cause).toMatchObject({ failed: 1, firstItem: 1, first: { kind: 'Exited', message } });
    expect([outcomes.get(0)?.result, outcomes.get(2)?.result]).toEqual([0, 2]);
  });

  test('W2: an attempt that never yields - is ended after its timeout', async () => {
    const { cause } = await go('spins', {
      function: 'calls.spinsForEver',
      items: [1],
      args: {},
      timeout: '100ms',
    });
    expect(cause).toMatchObject({ kind: 'DeadlineExceeded', timeoutMs: 100 });
  });

  test.each(['heap', 'buffers'])(
    'an item that fills its %s ends as OutOfMemory and says what to do',
    async where => {
      const { cause } = await go(`memory-${where}`, {
        function: 'calls.fillsMemory',
        items: [1],
        args: { where },
        memory: '160Mi',
      });
      expect(cause).toMatchObject({
        kind: 'OutOfMemory',
        memory: '160Mi',
        message: expect.stringContaining('Give the step more "memory"'),
      });
    },
  );
});
