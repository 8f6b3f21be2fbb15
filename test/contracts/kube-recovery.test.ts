/**
 * What a cluster does to runs, on a scripted API server whose pods are processes: nothing is lost, nothing is
 * done twice.
 */
import type { KTJobInput } from '@kube-transform/sdk';
import type { RunEvent } from '@kube-transform/runtime';
import {
  readLog,
  readOutcomes,
  readResults,
  RESULT_LINE,
  resultsPrefix,
} from '@kube-transform/runtime/internal';
import { type Job, paths, type Pod } from '@kube-transform/runtime/kubernetes';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scriptedKubeBench } from '../kit/kube-executor.js';
import { type Driven, driven } from '../simulation/driven.js';

type KubeBench = Awaited<ReturnType<typeof scriptedKubeBench>>;
let bench: KubeBench;
beforeEach(async () => {
  bench = await scriptedKubeBench();
});
afterEach(() => bench.close());

const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const quick = { initial: '1ms', max: '2ms' };
const squares = (more: Partial<KTJobInput> = {}): KTJobInput => ({
  type: 'map',
  name: 'm',
  function: 'calls.square',
  items: numbers(40),
  args: { n: { $ref: 'item#' } },
  backoff: quick,
  ...more,
});

const go = (runId: string, jobs: KTJobInput[], more?: Driven): ReturnType<typeof driven> =>
  driven(bench, { runId, jobs, ...more });
const jobsMade = (): number => bench.server.askedFor(/^POST .*\/jobs/).length;
const allSquares = numbers(40).map(n => n * n);

test('a worker that is killed costs an attempt of what it was at, and another pod goes on', async () => {
  const { status } = await go('killed', [
    squares({
      function: 'calls.dies',
      items: [1, 2, 1, 1],
      args: { how: 'kill', untilAttempt: { $ref: 'item#' } },
      retries: 1,
      itemsPerPod: 4,
    }),
  ]);
  expect(status).toBe('Completed');
  expect(
    [...(await readOutcomes(bench.store, 'killed', 'm'))]
      .sort(([a], [b]) => a - b)
      .map(([, { attempts }]) => attempts),
  ).toEqual([1, 2, 1, 1]);
  expect(jobsMade()).toBe(2);
});

test('without retries, a worker that dies fails its item with its exit code, and no other', async () => {
  const { cause } = await go('dies', [
    squares({
      function: 'calls.dies',
      items: [1, 9, 1],
      args: { how: 'exit', untilAttempt: { $ref: 'item#' } },
      itemsPerPod: 3,
    }),
  ]);
  expect(cause).toMatchObject({ kind: 'ItemsFailed', failed: 1, first: { kind: 'Exited', exitCode: 7 } });
});

test('O2, O3: a controller that comes back - adopts the Jobs that there are, and makes none again', async () => {
  const drain = new AbortController();
  const alone = { ...squares(), parallelism: 6 };
  const first = await go('adopts', [alone], {
    drain: drain.signal,
    onEvent: event => void (event.type === 'ItemSucceeded' && drain.abort()),
  });
  expect(first.status).toBe('Interrupted');
  expect((await go('adopts', [alone])).status).toBe('Completed');
  expect(await readResults(bench.store, 'adopts', 'm')).toEqual(allSquares);
  expect(jobsMade()).toBe(1);
});

test('AS2: a controller that comes back - gives nothing to the pods of a Job that it has not made', async () => {
  const drain = new AbortController();
  const onEvent = (event: RunEvent): void => void (event.type === 'ItemSucceeded' && drain.abort());
  const shared = { ...squares(), parallelism: 2 };
  expect((await go('given', [shared], { drain: drain.signal, onEvent })).status).toBe('Interrupted');
  expect((await go('given', [shared])).status).toBe('Completed');
  expect(await readResults(bench.store, 'given', 'm')).toEqual(allSquares);
  const results: number[] = [];
  for await (const line of readLog(bench.fresh, resultsPrefix('given', 'm'), RESULT_LINE))
    results.push(line.i);
  expect([jobsMade(), results.length]).toEqual([2, allSquares.length]);
});

test('O1: a Job that is deleted under way - is made again, for the pods that are left', async () => {
  let deleted = false;
  const onEvent = (event: RunEvent): void => {
    if (event.type !== 'ItemSucceeded' || deleted) return;
    deleted = true;
    const [job] = bench.server.storage.all(paths.jobs('ns'));
    bench.server.storage.delete(paths.jobs('ns'), job!.metadata.name, 'Background');
  };
  expect((await go('deleted', [squares()], { onEvent })).status).toBe('Completed');
  expect(await readResults(bench.store, 'deleted', 'm')).toEqual(allSquares);
  expect(jobsMade()).toBe(2);
});

test('of two controllers of one run at once one goes on, and the other says so', async () => {
  const both = await Promise.allSettled([1, 2].map(() => go('twice', [{ ...squares(), parallelism: 6 }])));
  const told = both.map(end =>
    end.status === 'fulfilled' ? end.value.status : (end.reason as { code: string }).code,
  );
  expect(told.sort()).toEqual(['Completed', 'RUN_TAKEN_OVER']);
  expect(await readResults(bench.store, 'twice', 'm')).toEqual(allSquares);
});

test('a Job of that name that is somebody else’s stops the run with a sentence', async () => {
  const foreign: Job = {
    metadata: { name: 'other' },
    spec: { template: { metadata: { labels: {} }, spec: {} } },
  };
  bench.server.on(/^POST .*\/jobs/, asked => {
    bench.server.mend();
    const { metadata } = JSON.parse(asked.text) as Job;
    bench.server.on(/^GET .*\/jobs.*metadata.name/, {
      status: 200,
      body: { metadata: {}, items: [{ ...foreign, metadata: { name: metadata.name } }] },
    });
    return { status: 409, body: { kind: 'Status', code: 409, reason: 'AlreadyExists', message: 'exists' } };
  });
  await expect(go('foreign', [squares()])).rejects.toMatchObject({
    code: 'FOREIGN_JOB',
    message: expect.stringContaining('not of this run'),
  });
});

const denied = (verb: string, resource: string): { status: number; body: object } => {
  const message = `${resource} is forbidden: User "x" cannot ${verb} resource "${resource}" in API group "batch"`;
  return { status: 403, body: { kind: 'Status', code: 403, reason: 'Forbidden', message } };
};

test('a right that is missing for a moment only delays', async () => {
  bench.server.on(/^POST .*\/jobs/, denied('create', 'jobs'), 1);
  bench.server.on(/^GET .*\/jobs\?.*watch/, denied('watch', 'jobs'), 1);
  bench.server.on(/^GET .*\/pods\?.*watch/, denied('watch', 'pods'), 1);
  expect((await go('denied', [squares()])).status).toBe('Completed');
  expect(bench.server.askedFor(/^POST .*\/jobs/).length).toBe(2);
});

test('a right that stays missing fails the step, and says which role is needed', async () => {
  bench.server.on(/^POST .*\/jobs/, denied('create', 'jobs'));
  const step = squares({ kubernetes: { startTimeout: '1s' } });
  expect((await go('denied-for-good', [step])).cause).toMatchObject({
    kind: 'NotStarted',
    reason: 'CLUSTER_FORBIDDEN',
    message: expect.stringMatching(/"x" may not create jobs.*A Role with the rule/),
  });
});

test.each([
  [422, 'Invalid', 'Job.batch "x" is invalid: spec.template.spec.hostname: Invalid value', 'hostname'],
])(
  'a Job that the cluster refuses with %d fails its step, in the cluster’s words',
  async (code, reason, message, word) => {
    bench.server.on(/^POST .*\/jobs/, { status: code, body: { kind: 'Status', code, reason, message } });
    expect((await go(`refused-${code}`, [squares()])).cause).toMatchObject({
      kind: 'NotStarted',
      message: expect.stringContaining(word),
    });
  },
);

test('an API server that fails now and then only delays', async () => {
  bench.server.on(/^POST .*\/jobs/, { status: 503 }, 2);
  bench.server.on(/^GET .*\/jobs\?.*watch/, { status: 500 }, 2);
  expect((await go('flaky', [squares()])).status).toBe('Completed');
});

test('a pod that ends three times before it begins an item fails its step', async () => {
  bench.server.on(/^POST .*\/jobs/, asked => {
    const job = JSON.parse(asked.text) as Job & {
      spec: { template: { spec: { containers: { command: string[] }[] } } };
    };
    job.spec.template.spec.containers[0]!.command = ['node', '--no-such-flag', 'worker.mjs'];
    return { status: 201, body: bench.server.storage.create(asked.path, job) };
  });
  const { cause } = await go('false-starts', [squares({ items: [1] })]);
  expect(cause).toMatchObject({
    kind: 'NotStarted',
    message: expect.stringContaining('3 times before it began an item'),
  });
  expect(jobsMade()).toBe(3);
});

test('TU1, TU2: a run - has no more pods at once than it may have, and all its steps get their turn', async () => {
  bench.settings.maxPods = 3;
  const steps = numbers(12).map(n => squares({ name: `s${n}`, items: [1, 2], itemsPerPod: 1 }));
  let most = 0;
  const stop = bench.server.storage.listen(() => {
    const pods = bench.server.storage.all(paths.pods('ns')) as unknown as Pod[];
    most = Math.max(most, pods.filter(({ status }) => /Pending|Running/.test(status?.phase ?? '')).length);
  });
  expect((await go('turns', steps)).status).toBe('Completed');
  stop();
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(3);
});

test.each([
  [false, 0],
  [true, 1],
])('with keepFinished %s, %i Jobs are left of a run that succeeded', async (keepFinished, left) => {
  bench.settings.keepFinished = keepFinished;
  expect((await go(`keeps-${keepFinished}`, [squares()])).status).toBe('Completed');
  expect(bench.server.storage.all(paths.jobs('ns'))).toHaveLength(left);
});

test('HT2: an attempt that never yields - is ended after its timeout, and what it took along costs nothing', async () => {
  const { cause } = await go('spins', [
    squares({ function: 'calls.spinsForEver', items: [1], args: {}, timeout: '100ms' }),
  ]);
  expect(cause).toMatchObject({ kind: 'DeadlineExceeded', timeoutMs: 100 });
});

test('a cancelled run ends its pods, and says so', async () => {
  const cancel = new AbortController();
  void bench.begun('cancelled').then(() => cancel.abort());
  const { status, cause } = await go(
    'cancelled',
    [squares({ function: 'calls.waitsForEver', items: [1], args: {} })],
    { cancel: cancel.signal },
  );
  expect(status).toBe('Cancelled');
  expect(cause).toMatchObject({ kind: 'Cancelled' });
  expect(bench.server.storage.all(paths.jobs('ns'))).toEqual([]);
});
