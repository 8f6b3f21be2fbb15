import { collect } from '../../../../test/kit/collect.js';
import { type KTPipelineInput, mustParsePipeline } from '@kube-transform/sdk';
import { describe, expect, test } from 'vitest';
import { memoryFileStore } from '../stores/memory-file-store.js';
import { systemClock } from '../process/system-clock.js';
import { type Fact, jobStates } from '../core/index.js';
import { drive, type DriveOptions } from './drive.js';
import type { ResultLine } from '../run-store/item-results.js';
import { readJournal } from '../run-store/journal.js';
import { resultsPrefix } from '../run-store/layout.js';
import type { RunEvent } from '../ports/index.js';
import type { RunRecord } from '../run-store/run-record.js';
import { SegmentLog } from '../run-store/segment-log.js';
import { readStateFile } from '../run-store/state-file.js';
import { DriverDied, dyingStore } from '../testing/dying-driver.js';
import { type Script, scriptedExecutor } from '../testing/scripted-executor.js';

const DIAMOND: KTPipelineInput = {
  name: 'diamond',
  jobs: [
    { type: 'static', name: 'a', tasks: [{ function: 'f' }] },
    { type: 'dynamic', name: 'b', function: 'f', dependencies: ['a'] },
    { type: 'static', name: 'noop', dependencies: ['a'] },
    { type: 'map', name: 'c', function: 'f', items: [1, 2], dependencies: ['b', 'noop'] },
    { type: 'map', name: 'empty', function: 'f', items: [], dependencies: ['c'] },
  ],
};
const succeed: Script = ({ job }) => [
  {
    type: 'JobSucceeded',
    job: job.name,
    ...(job.name === 'b'
      ? {
          spawned: mustParsePipeline({
            name: 's',
            jobs: [{ type: 'static', name: 'child', tasks: [{ function: 'f' }] }],
          }).jobs,
        }
      : {}),
  },
];
const never = new AbortController().signal;

function setUp(document: KTPipelineInput = DIAMOND) {
  const store = memoryFileStore();
  const record: RunRecord = {
    runId: 'r1',
    pipeline: mustParsePipeline(document),
    params: {},
    createdAtMs: 0,
    source: null,
    retryOf: null,
  };
  const events: RunEvent[] = [];
  const options = (
    script: Script,
    more: Partial<DriveOptions> = {},
  ): DriveOptions & { executor: ReturnType<typeof scriptedExecutor> } => ({
    store,
    record,
    clock: systemClock,
    sink: { publish: event => void events.push(event) },
    resumed: false,
    drain: never,
    stop: never,
    cancel: never,
    ...more,
    executor: scriptedExecutor(script),
  });
  const journal = (): Promise<Fact[]> => collect(readJournal(store, 'r1'));
  return { store, record, events, options, journal };
}

describe('drive', () => {
  test('drives a run to its end; jobs without items never reach the executor', async () => {
    const { options, events, store } = setUp();
    const o = options(succeed);
    const { status } = await drive(o);
    expect(status).toBe('Completed');
    expect(o.executor.submitted).toEqual(['a', 'b', 'child', 'c']);
    expect(events.at(-1)).toMatchObject({ type: 'RunFinished', status: 'Completed' });
    const summary = await readStateFile(store, 'r1');
    expect(summary).toMatchObject({
      status: 'Completed',
      pipeline_run_id: 'r1',
      jobs: { b: { status: 'Completed', direct_descendants: ['child'] } },
    });
  });

  test('D1: a fact - is stored before anything that it changed is announced', async () => {
    const { options, journal } = setUp();
    const late: string[] = [];
    const checks: Promise<void>[] = [];
    const sink = {
      publish: (event: RunEvent): void => {
        if (event.type !== 'JobStatusChanged' || event.to !== 'Completed' || event.job === 'b') return;
        checks.push(
          journal().then(
            facts =>
              void (
                facts.some(fact => fact.type === 'JobSucceeded' && fact.job === event.job) ||
                late.push(event.job)
              ),
          ),
        );
      },
    };
    await drive(options(succeed, { sink }));
    await Promise.all(checks);
    expect(checks.length).toBeGreaterThan(3);
    expect(late).toEqual([]);
  });

  test('D2: a drive - killed after any number of facts and driven again, ends the same and submits nothing that is done', async () => {
    const whole = setUp();
    await drive(whole.options(succeed));
    const total = (await whole.journal()).length;
    const expected = [...jobStates((await drive(whole.options(succeed))).state)].map(({ job, status }) => [
      job.name,
      status,
    ]);
    for (let dieAfter = 1; dieAfter < total; dieAfter++) {
      const { options, journal, store } = setUp();
      const dies = options(succeed, { store: dyingStore(store, 'r1', [dieAfter]) });
      await expect(drive(dies)).rejects.toThrow(DriverDied);
      const done = (await journal()).flatMap(fact => (fact.type === 'JobSucceeded' ? [fact.job] : []));
      const again = options(succeed);
      const { status, state } = await drive(again);
      expect(status).toBe('Completed');
      expect([...jobStates(state)].map(({ job, status: is }) => [job.name, is])).toEqual(expected);
      expect(again.executor.submitted.filter(job => done.includes(job))).toEqual([]);
    }
  });

  test('D3: facts that are repeated - change nothing', async () => {
    const { options, journal } = setUp();
    const o = options(order => [
      ...succeed(order),
      ...succeed(order),
      { type: 'JobFailed', job: 'a', cause: { kind: 'Lost', message: 'late' } },
    ]);
    expect((await drive(o)).status).toBe('Completed');
    expect((await journal()).filter(fact => fact.type === 'JobSucceeded' && fact.job === 'b')).toHaveLength(
      1,
    );
  });

  test('a failed job ends the run as Failed and skips what depends on it', async () => {
    const { options } = setUp();
    const { status, state } = await drive(
      options(({ job }) => [{ type: 'JobFailed', job: job.name, cause: { kind: 'Lost', message: 'x' } }]),
    );
    expect(status).toBe('Failed');
    expect([...jobStates(state)].map(({ status: is }) => is)).toEqual([
      'Failed',
      ...Array.from({ length: 4 }, () => 'SkippedDueToUpstreamFailure'),
    ]);
  });

  test('a map over what is no list fails with a sentence', async () => {
    const { options, store } = setUp({
      name: 'p',
      jobs: [
        { type: 'map', name: 'm', function: 'f', items: { $ref: 'a#/0' }, dependencies: ['a'] },
        { type: 'static', name: 'a', tasks: [{ function: 'f' }] },
      ],
    });
    const log = await SegmentLog.open<ResultLine>(store, resultsPrefix('r1', 'a', 0));
    await log.append({ i: 0, n: 1, r: 7 });
    const { state } = await drive(options(succeed));
    const [m] = [...jobStates(state)];
    expect(m?.own).toMatchObject({
      state: 'failed',
      cause: {
        kind: 'InvalidInput',
        message: 'Step "m" maps over the result of "a", which should be a list but is 7.',
      },
    });
  });

  test('drained, it leaves the run to be resumed', async () => {
    const { options, store } = setUp();
    const drain = new AbortController();
    const o = options(
      order => {
        drain.abort();
        return order.job.name === 'a' ? succeed(order) : [];
      },
      { drain: drain.signal },
    );
    expect((await drive(o)).status).toBe('Interrupted');
    expect((await readStateFile(store, 'r1'))?.status).toBe('Interrupted');
    expect((await drive(options(succeed))).status).toBe('Completed');
  });

  test('stopped, it cancels what runs', async () => {
    const { options } = setUp();
    const stop = new AbortController();
    const o = options(
      () => {
        stop.abort();
        return [];
      },
      { stop: stop.signal },
    );
    expect((await drive(o)).status).toBe('Interrupted');
    expect(o.executor.cancelled).toEqual(['a']);
  });

  test('a store that fails ends the drive with its error', async () => {
    const { options, store } = setUp();
    const broken = { ...store, put: () => Promise.reject(new Error('disk full')) };
    await expect(drive({ ...options(succeed), store: broken })).rejects.toThrow('disk full');
  });

  test('resumed when it has ended, it leaves the summary as it is; resumed before, the summary knows all items', async () => {
    const { options, store } = setUp();
    const drain = new AbortController();
    const first = options(
      order => {
        if (order.job.name === 'c') drain.abort();
        return order.job.name === 'c' ? [] : succeed(order);
      },
      { drain: drain.signal },
    );
    await drive(first);
    await drive({ ...options(succeed), resumed: true });
    const summary = await readStateFile(store, 'r1');
    expect(summary?.jobs).toMatchObject({ a: { items: 1 }, c: { items: 2 } });
    const later = { ...systemClock, nowMs: () => systemClock.nowMs() + 3_600_000 };
    await drive({ ...options(succeed), resumed: true, clock: later });
    expect(await readStateFile(store, 'r1')).toEqual(summary);
  });
});
