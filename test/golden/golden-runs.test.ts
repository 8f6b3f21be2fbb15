/** Runs of earlier versions are listed, read, resumed and retried; see `fixtures/golden-runs/README.md`. */
import { readdirSync } from 'node:fs';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { openStore, readLogs, readRecord, readRun, type RunRecord } from '@kube-transform/runtime';
import { leaseHolder, readHeadline, readOutcomes, readResult } from '@kube-transform/runtime/internal';
import { collect } from '../kit/collect.js';
import { kt, project } from '../kit/kt.js';

const FIXTURES = fileURLToPath(new URL('../fixtures/golden-runs', import.meta.url));
const VERSIONS = readdirSync(FIXTURES).filter(name => /^\d/.test(name));
const LETTERS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const REPORT = { grams: 3600, labels: 7, checked: 8 };

/** A copy of the project that the runs were recorded in; it is gone after the test. */
async function recorded(version: string): Promise<string> {
  const dir = await project();
  await cp(join(FIXTURES, version, 'project'), dir, { recursive: true });
  return dir;
}

/** Has the lease of the interrupted run name this machine: only there a process is known to be gone. */
async function moveLeaseHere(dir: string): Promise<void> {
  const path = join(dir, 'kt-metadata/interrupted/lease.json');
  const lease = JSON.parse(await readFile(path, 'utf8')) as object;
  await writeFile(path, JSON.stringify({ ...lease, host: hostname() }));
}

/** What was called in a run, in order. */
const callsOf = async (dir: string, runId: string): Promise<string[]> =>
  (await readFile(join(dir, `calls/${runId}.txt`), 'utf8')).trim().split('\n');
const reportOf = async (dir: string, runId: string): Promise<unknown> =>
  JSON.parse(await readFile(join(dir, `out/${runId}.json`), 'utf8'));

const done = (items: number): object => ({ status: 'Completed', items, done: items, failed: 0 });
const none = { done: 0, failed: 0 };
const pending = { status: 'Pending', items: null, ...none };
const DAMAGED = {
  kind: 'ItemsFailed',
  failed: 1,
  total: 8,
  first: expect.objectContaining({ message: 'parcel f is damaged' }) as object,
  firstItem: 5,
};

describe.each(VERSIONS)('runs of version %s', version => {
  test('kt runs, kt status and kt logs - runs that have ended or were killed', async () => {
    const dir = await recorded(version);
    await moveLeaseHere(dir);
    const [runs, failed, interrupted, logs] = await Promise.all([
      kt(dir, ['runs', '--json']),
      kt(dir, ['status', 'failed', '--json']),
      kt(dir, ['status', 'interrupted', '--json']),
      kt(dir, ['logs', 'failed', '--failed']),
    ]);
    const listed = JSON.parse(runs.out) as { runId: string; status: string; jobs: Record<string, number> }[];
    expect(Object.fromEntries(listed.map(({ runId, status }) => [runId, status]))).toEqual({
      completed: 'Completed',
      failed: 'Failed',
      interrupted: 'Interrupted',
    });
    expect(listed.find(({ runId }) => runId === 'completed')?.jobs).toEqual({ Completed: 7 });
    const before = { plan: done(1), label: { ...done(8), done: 7, failed: 1 } };
    expect(JSON.parse(failed.out)).toEqual({
      ...{ runId: 'failed', pipeline: 'golden', status: 'Failed' },
      jobs: {
        ...{ ...before, weigh: done(8), pack: done(1), boxes: done(2) },
        check: {
          status: 'Failed',
          items: 8,
          done: 7,
          failed: 1,
          cause: expect.objectContaining(DAMAGED) as object,
        },
        report: { status: 'SkippedDueToUpstreamFailure', items: null, ...none },
      },
      failures: {
        groups: [
          expect.objectContaining({ count: 1, message: 'no address for d' }),
          expect.objectContaining({ count: 1, message: 'parcel f is damaged' }),
        ],
        omitted: 0,
      },
    });
    expect(JSON.parse(interrupted.out)).toEqual({
      ...{ runId: 'interrupted', pipeline: 'golden', status: 'Interrupted' },
      jobs: {
        ...{ ...before, weigh: { status: 'Running', items: 8, done: 5, failed: 0 } },
        ...{ check: pending, pack: pending, report: pending },
      },
      failures: { groups: [expect.objectContaining({ count: 1, message: 'no address for d' })], omitted: 0 },
    });
    expect(logs.out).toMatch(
      /check\[5\]#1 warn +checking f\ncheck\[5\] failed after 1 attempt \(Threw\): parcel f is damaged\n/,
    );
    expect(logs.out).toMatch(/^label\[3\] failed after 1 attempt \(Threw\): no address for d$/m);
  });

  test('the library - counts, logs and results of runs in a store', async () => {
    const store = await openStore(`file:${join(FIXTURES, version, 'project')}`);
    const record = async (runId: string): Promise<RunRecord> => (await readRecord(store, runId))!;
    const [completed, failed, interrupted] = await Promise.all(
      ['completed', 'failed', 'interrupted'].map(async runId => readRun(store, await record(runId))),
    );
    const counts = (view: typeof completed, name: string): object | undefined => {
      const found = view?.jobs.find(job => job.name === name);
      return found && { done: found.done, failed: found.failed, retried: found.retried };
    };
    expect([completed, failed, interrupted].map(view => view?.status)).toEqual([
      'Completed',
      'Failed',
      'Running',
    ]);
    expect(counts(completed, 'weigh')).toEqual({ done: 8, failed: 0, retried: 1 });
    expect(counts(completed, 'label')).toEqual({ done: 7, failed: 1, retried: 0 });
    expect(counts(failed, 'check')).toEqual({ done: 7, failed: 1, retried: 0 });
    expect(counts(interrupted, 'weigh')).toEqual({ done: 5, failed: 0, retried: 1 });
    expect(completed?.jobs.find(({ name }) => name === 'boxes')?.parent).toBe('pack');

    const lines = await collect(
      readLogs(store, await record('completed'), { selector: undefined, previous: false }),
    );
    const weighed = ['c', ...LETTERS].map(letter => `weighing ${letter}`);
    const checked = LETTERS.map(letter => `checking ${letter}`);
    expect(lines.map(({ message }) => message).sort()).toEqual(['planned', ...weighed, ...checked].sort());
    const [planned] = await collect(
      readLogs(store, await record('interrupted'), { selector: 'plan', previous: false }),
    );
    expect(planned).toMatchObject({ job: 'plan', item: 0, attempt: 1, level: 'info', data: { parcels: 8 } });

    expect(await record('completed')).toMatchObject({ params: { parcels: 8 }, retryOf: null });
    expect(await readHeadline(store, await record('completed'))).toEqual(REPORT);
    const labels = await readResult(store, { runId: 'completed', job: 'label', single: false });
    expect(labels).toEqual(LETTERS.map(letter => (letter === 'd' ? null : `to ${letter}`)));
    const third = (await readOutcomes(store, 'completed', 'weigh')).get(2);
    expect(third).toEqual({ attempts: 2, result: { parcel: 'c', grams: 300 }, final: true });
  });

  test('kt run --resume - what is stored of a run that was killed is not done again', async () => {
    const dir = await recorded(version);
    const store = await openStore(`file:${dir}`);
    expect(await leaseHolder(store, 'interrupted')).toMatchObject({ host: 'host-a' });
    await moveLeaseHere(dir);
    expect(await leaseHolder(store, 'interrupted')).toBeNull();
    await writeFile(join(dir, 'fixed'), '');
    const before = await callsOf(dir, 'interrupted');
    const resumed = await kt(dir, ['run', '--resume', 'interrupted', '--executor', 'processes']);
    expect(resumed.code, resumed.err).toBe(0);
    const calls = (await callsOf(dir, 'interrupted')).slice(before.length);
    const open = ['weigh e', 'weigh f', 'weigh h', ...LETTERS.map(letter => `check ${letter}`)];
    expect(calls.sort()).toEqual([...open, 'pack', 'box large', 'box small', 'report'].sort());
    expect(await reportOf(dir, 'interrupted')).toEqual(REPORT);
  });

  test('kt retry --failed - only what failed is done again, also where that was allowed', async () => {
    const dir = await recorded(version);
    await writeFile(join(dir, 'fixed'), '');
    const retried = await kt(dir, ['retry', 'failed', '--failed', '--json']);
    expect(retried.code, retried.err).toBe(0);
    const { runId } = JSON.parse(retried.out.split('\n')[0] ?? '') as { runId: string };
    expect((await callsOf(dir, runId)).sort()).toEqual(['check f', 'label d', 'report']);
    expect(await reportOf(dir, runId)).toEqual(REPORT);
    expect(await callsOf(dir, 'failed')).toHaveLength(29);
  });
});
