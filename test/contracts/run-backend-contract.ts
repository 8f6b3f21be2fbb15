/** What every backend of runs does, whatever it stands on: for `RunBackend` in `cli/backends/backend.ts`. */
import type { LogLine, RunEvent } from '@kube-transform/runtime';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunBackend, RunRef, StartedRun } from '../../packages/cli/src/backends/backend.js';
import { statusJson } from '../../packages/cli/src/backends/status-json.js';
import { collect } from '../kit/collect.js';

/** How a run stands that a test begins with. `interrupted`: it has not begun, or not gone far. */
export type GivenState = 'completed' | 'failed' | 'running' | 'interrupted';

/** A backend without runs, and what brings some there. */
export interface BackendBench extends AsyncDisposable {
  backend: RunBackend;
  /** Begins a run of `fixtures/pipelines/flaky.ts` and brings it to a state. */
  bring(runId: string, to: GivenState): Promise<void>;
  /** Lets runs that run go on, and end well. */
  release(): Promise<void>;
  /** Sees to it that a run ends that was started. */
  drive(started: StartedRun): Promise<void>;
}

const never = new AbortController().signal;
const note = (): void => undefined;
const ITEMS = [0, 1, 2, 3, 4];
const ATTEMPTS = ['0#1', '1#1', '1#2', '2#1', '3#1', '4#1', '4#2'];
const attemptsIn = (lines: readonly LogLine[]): string[] =>
  lines.map(({ item, attempt }) => `${item}#${attempt}`).sort();

/** Runs the contract. The tests are one story: later ones find what earlier ones have left. */
export function runBackendContract(name: string, open: () => Promise<BackendBench>): void {
  describe(`RunBackend of ${name}`, () => {
    let bench: BackendBench;
    let backend: RunBackend;
    const find = (typed: string): Promise<RunRef> => backend.find(typed);
    /** A moment just after the last that is known of any run. */
    const afterAllRuns = async (): Promise<number> =>
      1 + Math.max(...(await backend.list()).map(run => run.updatedMs ?? run.createdMs));
    const follow = async (typed: string, signal = never) => {
      const events: RunEvent[] = [];
      const sink = { publish: (event: RunEvent) => void events.push(event) };
      const summary = await backend.follow(await find(typed), { sink, note, signal });
      return { events, summary };
    };

    beforeAll(async () => {
      bench = await open();
      ({ backend } = bench);
    });
    afterAll(() => bench[Symbol.asyncDispose]());

    test('list, find - where there are no runs', async () => {
      expect(await backend.list()).toEqual([]);
      await expect(find('latest')).rejects.toMatchObject({ code: 'NO_RUNS' });
      await expect(find('any')).rejects.toMatchObject({ code: 'UNKNOWN_RUN' });
    });

    test('list - the newest first, with where each is and how it stands', async () => {
      await bench.bring('alpha-failed', 'failed');
      await bench.bring('alpha-done', 'completed');
      await bench.bring('beta-left', 'interrupted');
      await bench.bring('gamma-going', 'running');
      const runs = await backend.list();
      expect(runs.map(({ runId, status }) => [runId, status])).toEqual([
        ['gamma-going', 'Running'],
        ['beta-left', 'Interrupted'],
        ['alpha-done', 'Completed'],
        ['alpha-failed', 'Failed'],
      ]);
      for (const run of runs) expect(run).toMatchObject({ pipeline: 'flaky', where: backend.name });
      expect(runs.map(({ counts }) => counts).slice(2)).toEqual([
        { Completed: 3 },
        { Completed: 1, Failed: 1, SkippedDueToUpstreamFailure: 1 },
      ]);
      const created = runs.map(({ createdMs }) => createdMs);
      expect(created).toEqual([...created].sort((a, b) => b - a));
    });

    test('find - by id, by its beginning, and the latest', async () => {
      const { runId, where, verb, createdMs } = await find('alpha-done');
      expect({ runId, where, verb }).toEqual({
        runId: 'alpha-done',
        where: backend.name,
        verb: backend.verb,
      });
      expect((await backend.list()).find(run => run.runId === 'alpha-done')?.createdMs).toBe(createdMs);
      expect((await find('alpha-f')).runId).toBe('alpha-failed');
      expect((await find('latest')).runId).toBe('gamma-going');
    });

    test('find - unknown and ambiguous names say what there is', async () => {
      await expect(find('alpha-dnoe')).rejects.toMatchObject({
        code: 'UNKNOWN_RUN',
        problems: [{ path: 'run', hint: expect.stringContaining('"alpha-done"') as string }],
      });
      await expect(find('alpha')).rejects.toMatchObject({
        code: 'AMBIGUOUS_RUN',
        problems: [{ hint: expect.stringMatching(/alpha-(done|failed), alpha-(done|failed)/) as string }],
      });
      await expect(find('')).rejects.toMatchObject({ code: 'UNKNOWN_RUN' });
    });

    test('read - a run that completed, with its result', async () => {
      expect(await backend.read(await find('alpha-done'))).toMatchObject({
        ...{ runId: 'alpha-done', pipeline: 'flaky', status: 'Completed', retryOf: null, result: 5 },
        jobs: [
          { name: 'list', status: 'Completed', items: 1, done: 1, failed: 0 },
          { name: 'work', status: 'Completed', items: 5, done: 5, failed: 0, waiting: null },
          { name: 'report', status: 'Completed', items: 1, done: 1 },
        ],
        counts: { Completed: 3 },
        failures: [],
      });
    });

    test('read - a run that failed, with what failed by kind', async () => {
      const summary = await backend.read(await find('alpha-failed'));
      expect(summary).toMatchObject({
        status: 'Failed',
        jobs: [
          { name: 'list', status: 'Completed' },
          { name: 'work', status: 'Failed', items: 5, done: 3, failed: 2, retried: 2 },
          { name: 'report', status: 'SkippedDueToUpstreamFailure', items: null },
        ],
        result: null,
      });
      expect(summary.jobs[1]?.cause).toMatchObject({ kind: 'ItemsFailed', failed: 2, total: 5 });
      expect(summary.failures).toMatchObject([{ count: 2 }]);
      expect(statusJson(summary).failures).toMatchObject({
        groups: [{ kind: 'Threw', count: 2 }],
        omitted: 0,
      });
      const [group] = summary.failures;
      expect(group?.message).toBe('no answer from host-‹n›');
      expect(group?.examples.map(({ job, item }) => [job, item]).sort()).toEqual([
        ['work', 1],
        ['work', 4],
      ]);
    });

    test('read - runs that have not ended, and one that is not there', async () => {
      const going = await backend.read(await find('gamma-going'));
      expect(going).toMatchObject({ status: 'Running', result: null, failures: [] });
      expect(going.jobs.find(job => job.name === 'work')).toMatchObject({
        status: 'Running',
        items: 5,
        done: 0,
      });
      expect(await backend.read(await find('beta-left'))).toMatchObject({ status: 'Interrupted' });
      const gone = { ...(await find('alpha-done')), runId: 'alpha-gone' };
      const code = expect.stringMatching(/^(UNKNOWN_RUN|RUN_DELETED)$/) as string;
      await expect(backend.read(gone)).rejects.toMatchObject({ code });
      await expect(
        backend.follow(gone, { sink: { publish: note }, note, signal: never }),
      ).rejects.toMatchObject({
        code,
      });
      await expect(collect(backend.logs(gone))).rejects.toMatchObject({ code });
    });

    test('logs - in the order of time, of the run, a step, an item, and of earlier attempts', async () => {
      const run = await find('alpha-failed');
      const all = await collect(backend.logs(run));
      expect(attemptsIn(all)).toEqual(ATTEMPTS);
      const times = all.map(({ atMs }) => atMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(all.find(({ item }) => item === 3)).toMatchObject({
        ...{ job: 'work', item: 3, attempt: 1, level: 'info', message: 'working on 3', data: { i: 3 } },
      });
      expect(attemptsIn(await collect(backend.logs(run, { selector: 'work' })))).toEqual(ATTEMPTS);
      expect(attemptsIn(await collect(backend.logs(run, { selector: 'work/4' })))).toEqual(['4#1', '4#2']);
      expect(attemptsIn(await collect(backend.logs(run, { previous: true })))).toEqual(['1#1', '4#1']);
      expect(await collect(backend.logs(run, { selector: 'list' }))).toEqual([]);
    });

    test('logs, failedLogs - a selector that means nothing', async () => {
      const run = await find('alpha-failed');
      const unknown = { selector: 'wrok' };
      await expect(collect(backend.logs(run, unknown))).rejects.toMatchObject({ code: 'UNKNOWN_JOB' });
      await expect(collect(backend.failedLogs(run, unknown))).rejects.toMatchObject({ code: 'UNKNOWN_JOB' });
      await expect(collect(backend.logs(run, { selector: 'work/5' }))).rejects.toMatchObject({
        code: 'UNKNOWN_ITEM',
      });
    });

    test('failedLogs - the latest attempt of what failed, with its cause', async () => {
      const run = await find('alpha-failed');
      const failed = await collect(backend.failedLogs(run));
      expect(failed).toMatchObject(
        [1, 4].map(item => ({
          ...{ job: 'work', item, attempts: 2 },
          cause: { kind: 'Threw', message: `no answer from host-${item}` },
          lines: [{ item, attempt: 2, message: `working on ${item}` }],
        })),
      );
      expect(failed.map(({ lines }) => lines.length)).toEqual([1, 1]);
      const [one, ...rest] = await collect(backend.failedLogs(run, { selector: 'work/4', previous: true }));
      expect([one?.item, one?.lines.map(({ attempt }) => attempt), rest]).toEqual([4, [1], []]);
      expect(await collect(backend.failedLogs(await find('alpha-done')))).toEqual([]);
    });

    test('follow - a run that has ended is told from its start to its end', async () => {
      const { events, summary } = await follow('alpha-failed');
      expect(events[0]).toMatchObject({
        type: 'RunStarted',
        runId: 'alpha-failed',
        pipeline: 'flaky',
        jobs: 3,
      });
      expect(events.at(-1)).toMatchObject({ type: 'RunFinished', status: 'Failed' });
      expect(events).toContainEqual(expect.objectContaining({ type: 'JobCounted', job: 'work', failed: 2 }));
      expect(summary).toMatchObject({ runId: 'alpha-failed', status: 'Failed' });
      expect((await follow('alpha-done')).summary).toMatchObject({ status: 'Completed', result: 5 });
    });

    test('follow - leaves a run alone when the signal comes', async () => {
      const leaving = new AbortController();
      const run = await find('gamma-going');
      const sink = { publish: () => leaving.abort() };
      const last = await backend.follow(run, { sink, note, signal: leaving.signal });
      expect(last === null || last.status === 'Running').toBe(true);
      expect(await backend.read(run)).toMatchObject({ status: 'Running' });
    });

    test('retry - what runs, was left or completed is not repeated', async () => {
      const refused = async (typed: string): Promise<unknown> =>
        backend.retry(await find(typed)).catch((error: unknown) => (error as { code: string }).code);
      expect(await refused('gamma-going')).toBe('RUN_IS_DRIVEN');
      expect(await refused('beta-left')).toBe('RUN_NOT_ENDED');
      expect(await refused('alpha-done')).toBe('NOTHING_FAILED');
      expect((await backend.list()).length).toBe(4);
    });

    test('collect - what runs or was left stays, and a dry run deletes nothing', async () => {
      const options = { olderThanMs: 0, keep: 0, interrupted: false, nowMs: await afterAllRuns() };
      const runsIn = (deleted: readonly { kind: string; name: string; where: string }[]): string[] =>
        deleted.filter(({ kind, where }) => kind === 'run' && where === backend.name).map(run => run.name);
      const ended = await backend.collect({ ...options, dryRun: true });
      expect(runsIn(ended).sort()).toEqual(['alpha-done', 'alpha-failed']);
      for (const { bytes } of ended) expect(bytes).toBeGreaterThan(0);
      const left = await backend.collect({ ...options, dryRun: true, interrupted: true });
      expect(runsIn(left).sort()).toEqual(['alpha-done', 'alpha-failed', 'beta-left']);
      expect(runsIn(await backend.collect({ ...options, dryRun: true, keep: 3 }))).toEqual(['alpha-failed']);
      const young = { ...options, dryRun: false, olderThanMs: 3_600_000 };
      expect(runsIn(await backend.collect(young))).toEqual([]);
      expect((await backend.list()).length).toBe(4);
    });

    test('follow, logs - end with a run that goes on', async () => {
      const following = follow('gamma-going');
      const printed = collect(backend.logs(await find('gamma-going'), { follow: true }));
      await bench.release();
      const { events, summary } = await following;
      expect(events.at(-1)).toMatchObject({ type: 'RunFinished', status: 'Completed' });
      expect(summary).toMatchObject({ status: 'Completed', result: 5, counts: { Completed: 3 } });
      expect(attemptsIn(await printed)).toEqual(ITEMS.map(item => `${item}#1`));
    });

    test('cancel - a run that has ended is not cancelled', async () => {
      await expect(backend.cancel(await find('alpha-done'))).rejects.toMatchObject({ code: 'RUN_OVER' });
      await expect(backend.cancel(await find('alpha-failed'))).rejects.toMatchObject({ code: 'RUN_OVER' });
      expect(await backend.read(await find('alpha-done'))).toMatchObject({ status: 'Completed' });
    });

    test('cancel - a run that was left is ended for good, and once', async () => {
      const run = await find('beta-left');
      expect(await backend.cancel(run)).toEqual({ pods: [], ended: true });
      const summary = await backend.read(run);
      expect(summary).toMatchObject({ status: 'Cancelled', failures: [] });
      expect(await backend.cancel(run)).toEqual({ pods: [], ended: true });
      expect((await backend.read(run)).updatedMs).toBe(summary.updatedMs);
      expect((await follow('beta-left')).summary).toMatchObject({ status: 'Cancelled' });
    });

    test('retry - a new run repeats only what failed', async () => {
      const failed = await find('alpha-failed');
      const started = await backend.retry(failed);
      expect(started.run).toMatchObject({ where: backend.name, verb: backend.verb });
      expect(started.run.runId).not.toBe('alpha-failed');
      await bench.drive(started);
      expect(await backend.read(started.run)).toMatchObject({
        ...{ status: 'Completed', retryOf: 'alpha-failed', result: 5 },
        jobs: [{ name: 'list', done: 1 }, { name: 'work', items: 5, done: 5, failed: 0 }, { name: 'report' }],
      });
      const again = await collect(backend.logs(started.run));
      expect([...new Set(again.map(({ item }) => item))].sort()).toEqual([1, 4]);
      expect(await backend.read(failed)).toMatchObject({ status: 'Failed' });
      expect((await find('latest')).runId).toBe(started.run.runId);
    });

    test('collect - deletes all runs that have ended', async () => {
      const nowMs = await afterAllRuns();
      const options = { olderThanMs: 0, keep: 1, interrupted: false, dryRun: false, nowMs };
      const deleted = await backend.collect(options);
      const gone = deleted.filter(({ kind }) => kind === 'run').map(run => run.name);
      expect(gone.sort()).toEqual(['alpha-done', 'alpha-failed', 'beta-left', 'gamma-going']);
      expect((await backend.list()).map(({ retryOf, status }) => [retryOf, status])).toHaveLength(1);
      await expect(find('alpha-done')).rejects.toMatchObject({ code: 'UNKNOWN_RUN' });
    });
  });
}
