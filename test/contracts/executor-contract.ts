/** What every executor must do, asked through the loop that drives it. */
import { type KTJobInput, mustParsePipeline } from '@kube-transform/sdk';
import type { RunEvent, RunRecord } from '@kube-transform/runtime';
import {
  drive,
  type DriveResult,
  jobStates,
  logsPrefix,
  readLog,
  readResults,
  STORED_LINE,
  systemClock,
} from '@kube-transform/runtime/internal';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Bench } from '../kit/executors.js';
import { collect } from '../kit/collect.js';

const never = new AbortController().signal;
const numbers = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const quick = { initial: '1ms', max: '2ms' };
const square = (items: number): KTJobInput => ({
  type: 'map',
  name: 'm',
  function: 'calls.square',
  items: numbers(items),
  args: { n: { $ref: 'item#' } },
});

/** Runs the contract. */
export function executorContract(name: string, open: () => Promise<Bench>): void {
  describe(`executor contract: ${name}`, () => {
    let bench: Bench;
    let count = 0;
    beforeAll(async () => {
      bench = await open();
    });
    afterAll(() => bench.close());

    const record = (...jobs: KTJobInput[]): RunRecord => ({
      runId: `run-${++count}`,
      pipeline: mustParsePipeline({ name: 'p', jobs }),
      params: {},
      createdAtMs: 0,
      source: null,
      retryOf: null,
    });
    const go = async (
      run: RunRecord,
      more: {
        drain?: AbortSignal;
        stop?: AbortSignal;
        cancel?: AbortSignal;
        onEvent?: (event: RunEvent) => void;
      } = {},
    ): Promise<DriveResult & { events: RunEvent[] }> => {
      const events: RunEvent[] = [];
      const publish = (event: RunEvent): void => {
        events.push(event);
        more.onEvent?.(event);
      };
      const result = await drive({
        store: bench.store,
        executor: bench.executor(),
        clock: systemClock,
        record: run,
        sink: { publish },
        resumed: false,
        drain: more.drain ?? never,
        stop: more.stop ?? never,
        cancel: more.cancel ?? never,
      });
      return { ...result, events };
    };
    const results = (run: RunRecord, job = 'm'): Promise<unknown[]> =>
      readResults(bench.store, run.runId, job);
    const causeOf = ({ state }: DriveResult, job = 'm'): unknown => {
      const own = [...jobStates(state)].find(entry => entry.job.name === job)?.own;
      return own?.state === 'failed' ? own.cause : undefined;
    };

    test('gives the results of a map in the order of its items', async () => {
      const run = record(square(37));
      expect((await go(run)).status).toBe('Completed');
      expect(await results(run)).toEqual(numbers(37).map(n => n * n));
    });

    test('tries an item again as often as its retries say, and counts attempts per item', async () => {
      const job: KTJobInput = {
        type: 'map',
        name: 'm',
        function: 'calls.failsBefore',
        items: [1, 2, 3],
        args: { attempt: { $ref: 'item#' } },
        retries: 2,
        backoff: quick,
      };
      const run = record(job);
      const { status, events } = await go(run);
      expect(status).toBe('Completed');
      expect(await results(run)).toEqual([1, 2, 3]);
      expect(events.filter(event => event.type === 'ItemRetrying')).toHaveLength(3);
    });

    test('gives each attempt arguments of its own, whatever another did to them', async () => {
      const job = (name: string, more: Partial<KTJobInput>): KTJobInput => ({
        ...{ type: 'map', name, function: 'calls.changesItsArguments', retries: 1, backoff: quick },
        items: numbers(3).map(() => ({ seen: [] })),
        ...more,
      });
      const args = { constant: { seen: [] }, item: { $ref: 'item#' } };
      const run = record(
        job('first', { args }),
        job('constant', { args: { constant: { seen: [] }, item: { seen: [] } } }),
        job('second', { args: { ...args, results: { $ref: 'first#' } }, dependencies: ['first'] }),
      );
      expect((await go(run)).status).toBe('Completed');
      expect(await results(run, 'first')).toEqual(numbers(3).map(() => ({ seen: [1, 1] })));
      expect(await results(run, 'constant')).toEqual(numbers(3).map(() => ({ seen: [1, 1] })));
      expect(await results(run, 'second')).toEqual(numbers(3).map(() => ({ seen: [1, 1, 3, 3, 3] })));
    });

    test('fails a job whose item has no attempts left, with the first failure as cause, and runs the others all the same', async () => {
      const run = record({
        type: 'map',
        name: 'm',
        function: 'calls.failsOn',
        items: numbers(20),
        args: { n: { $ref: 'item#' }, bad: [5, 7] },
      });
      const result = await go(run);
      expect(result.status).toBe('Failed');
      expect(causeOf(result)).toMatchObject({
        kind: 'ItemsFailed',
        failed: 2,
        total: 20,
        firstItem: 5,
        first: { kind: 'Threw', message: 'item 5 is bad' },
      });
      expect((await results(run)).filter(value => value !== null)).toHaveLength(18);
    });

    test('lets as many items fail as maxFailed allows, and no more', async () => {
      const job = (maxFailed: number | string): KTJobInput => ({
        type: 'map',
        name: 'm',
        function: 'calls.failsOn',
        items: numbers(20),
        args: { n: { $ref: 'item#' }, bad: [5, 7] },
        maxFailed,
      });
      expect((await go(record(job('10%')))).status).toBe('Completed');
      expect((await go(record(job(1)))).status).toBe('Failed');
    });

    test('stops a fail-fast job at its first failure', async () => {
      const run = record({
        type: 'map',
        name: 'm',
        function: 'calls.failsOn',
        items: numbers(bench.many),
        args: { n: { $ref: 'item#' }, bad: [0] },
        failFast: true,
        itemsPerPod: 10,
      });
      const result = await go(run);
      expect(causeOf(result)).toMatchObject({ kind: 'ItemsFailed', failed: 1 });
      expect((await results(run)).length).toBeLessThan(bench.many);
    });

    test.each([
      ['calls.permanent', { kind: 'Threw', permanent: true }],
      ['calls.notJson', { kind: 'InvalidResult', path: '$.when[0]' }],
      [
        'calls.sqare',
        {
          kind: 'UnknownFunction',
          message: 'No function "calls.sqare" is registered. Did you mean "calls.square"?',
        },
      ],
    ])('does not try %s again, because it can never succeed', async (fn, cause) => {
      const result = await go(record({ type: 'static', name: 'm', tasks: [{ function: fn }], retries: 5 }));
      expect(causeOf(result)).toMatchObject(cause);
      expect(result.events.filter(event => event.type === 'ItemRetrying')).toEqual([]);
    });

    test('ends an attempt that takes longer than its timeout', async () => {
      const result = await go(
        record({ type: 'static', name: 'm', tasks: [{ function: 'calls.waitsForEver' }], timeout: '50ms' }),
      );
      expect(causeOf(result)).toMatchObject({ kind: 'DeadlineExceeded', timeoutMs: 50 });
    });

    test('runs what a dynamic job spawns, and fails it when that is nonsense', async () => {
      const run = record({ type: 'dynamic', name: 'd', function: 'calls.spawns' });
      expect((await go(run)).status).toBe('Completed');
      expect(await results(run, 'child')).toEqual([9]);
      expect(
        causeOf(await go(record({ type: 'dynamic', name: 'd', function: 'calls.spawnsNonsense' })), 'd'),
      ).toMatchObject({
        kind: 'InvalidSpawn',
      });
    });

    test('keeps what an item prints and logs', async () => {
      const run = record({
        type: 'map',
        name: 'm',
        function: 'calls.prints',
        items: [1, 2],
        args: { n: { $ref: 'item#' } },
      });
      await go(run);
      const lines = (await collect(readLog(bench.fresh, logsPrefix(run.runId, 'm'), STORED_LINE))).filter(
        ({ i }) => i === 1,
      );
      expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
        'info printed 2',
        'info raw 2',
        'warn logged',
      ]);
    });

    test('gives a job its environment', async () => {
      const run = record({
        type: 'static',
        name: 'm',
        tasks: [{ function: 'calls.readsEnv' }],
        env: { KT_CONTRACT: 'yes' },
      });
      await go(run);
      expect(await results(run)).toEqual(['yes']);
    });

    test('gives each of two jobs that run side by side its own environment', async () => {
      const jobs = ['a', 'b'].map((name): KTJobInput => ({
        ...{ type: 'map', name, function: 'calls.readsEnv', items: numbers(4), args: {} },
        env: { KT_CONTRACT: name },
      }));
      const run = record(...jobs);
      expect((await go(run)).status).toBe('Completed');
      for (const name of ['a', 'b']) expect(await results(run, name)).toEqual(numbers(4).map(() => name));
    });

    test('drained, ends what runs, begins nothing more, and finishes later without repeating', async () => {
      const drain = new AbortController();
      const run = record({
        type: 'map',
        name: 'm',
        function: 'calls.touches',
        items: numbers(400),
        args: { path: { $ref: 'item#' } },
        itemsPerPod: 20,
      });
      run.pipeline.jobs[0]!.items = numbers(400).map(n => `touched/${run.runId}/${n}`);
      let ended = 0;
      const { status } = await go(run, {
        drain: drain.signal,
        onEvent: event => void (event.type === 'ItemSucceeded' && ++ended === 30 && drain.abort()),
      });
      expect(status).toBe('Interrupted');
      expect(ended).toBeLessThan(400);
      expect((await go(run)).status).toBe('Completed');
      expect(await results(run)).toEqual(numbers(400).map(() => 1));
    });

    test('C1: an item - stopped, sees its signal aborted, and the run is left to be resumed', async () => {
      const stop = new AbortController();
      const run = record({ type: 'static', name: 'm', tasks: [{ function: 'calls.waitsForEver' }] });
      void bench.begun(run.runId).then(() => stop.abort());
      const { status, state } = await go(run, {
        stop: stop.signal,
        onEvent: event => void (event.type === 'ItemStarted' && stop.abort()),
      });
      expect(status).toBe('Interrupted');
      expect([...jobStates(state)][0]?.status).toBe('Running');
    });

    test('respects the concurrency of a job and the dependencies between jobs', async () => {
      const run = record(
        { ...square(10), name: 'first', concurrency: 1 },
        { ...square(1), name: 'second', dependencies: ['first'] },
      );
      const { events } = await go(run);
      const order = events.flatMap(event =>
        event.type === 'JobStatusChanged' ? [`${event.job} ${event.to}`] : [],
      );
      expect(order.indexOf('second Running')).toBeGreaterThan(order.indexOf('first Completed'));
    });
  });
}
