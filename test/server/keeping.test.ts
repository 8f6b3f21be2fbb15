/** Definitions as their files change, and the deletion of finished Jobs. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JobRetention } from '@kube-transform/server';
import { DONE, HELLO, job, JOBS, OpenJobs, putJobs } from './open-jobs.js';

let opened: OpenJobs;
beforeEach(async () => {
  opened = await OpenJobs.open();
});
afterEach(() => opened.close());

describe('definitions', () => {
  test('a broken new file - keeps the last good one, and says so once', async () => {
    await opened.write('definitions.yaml', '- name: [');
    expect(await opened.jobs.create('hello', {})).toMatch(/^hello-/);
    expect(await opened.jobs.create('hello', {})).toMatch(/^hello-/);
    expect(opened.told).toHaveLength(1);
    expect(opened.told[0]).toMatch(/definitions\.yaml cannot be used, so what it said before holds on/);
    await opened.define([{ name: 'new', spec: HELLO }]);
    expect(await opened.definitions.names()).toEqual(['new']);
  });

  test('all that is wrong - is told at once', async () => {
    const wrong = OpenJobs.open({
      definitions: [
        { spec: 'x' },
        { name: 'a' },
        { name: 'b', spec_config_map_name: 'm' },
        { name: 'c', spec: { a: 1 } },
        { name: 'a b', spec: 'x' },
      ],
    });
    const { message } = await wrong.then(
      () => new Error('started'),
      (error: unknown) => error as Error,
    );
    expect(message.split('\n')).toHaveLength(5);
    for (const word of ['[0]', 'no template', 'by halves', 'that is no text', '"a b"'])
      expect(message).toContain(word);
  });
});

describe('a name that is free again', () => {
  test('R1: is deleted for the Job that had it only', async () => {
    putJobs(opened, [job('a', { status: DONE, annotations: { job_deletion_time_unix_sec: '1' } })]);
    const again = (): void => {
      opened.kube.storage.delete(JOBS, 'a');
      putJobs(opened, [job('a')]);
    };
    const { jobs, clock } = opened;
    const retention = new JobRetention({ jobs, retentionSec: 0, clock, beforeDelete: again });
    expect(await retention.deleteDue()).toEqual([]);
    expect(opened.kube.storage.all(JOBS)).toHaveLength(1);
  });

  test('before the Job that had it could be read - is taken', async () => {
    const options = { idempotencyKey: 'k' };
    const name = await opened.jobs.create('hello', {}, options);
    opened.kube.on(
      new RegExp(`^GET .*/${name}`),
      () => {
        opened.kube.storage.delete(JOBS, name);
        return { status: 404 };
      },
      1,
    );
    expect(await opened.jobs.create('hello', {}, options)).toBe(name);
    expect(opened.kube.storage.all(JOBS)).toHaveLength(1);
  });
});

describe('retention', () => {
  const retention = (more: object = {}): JobRetention =>
    new JobRetention({
      jobs: opened.jobs,
      retentionSec: 0,
      clock: opened.clock,
      tell: message => void opened.told.push(message),
      ...more,
    });

  test('R1: a Job that runs - is kept, whatever its annotation says', async () => {
    putJobs(opened, [
      job('runs', { annotations: { job_deletion_time_unix_sec: '1' } }),
      job('done', { status: DONE, annotations: { job_deletion_time_unix_sec: '1' } }),
    ]);
    expect(await retention().pass()).toEqual(['done']);
    expect(opened.kube.storage.all(JOBS).map(one => one.metadata.name)).toEqual(['runs']);
  });

  test('R2: a pass that fails - is told, and the loop goes on until its signal', async () => {
    opened.kube.on(/^GET/, { status: 500 }, 1);
    putJobs(opened, [job('done', { status: DONE })]);
    const ending = new AbortController();
    const loop = retention().run(ending.signal, 60_000);
    await opened.clock.waitedFor(60_000);
    expect(opened.told[0]).toContain('could not be looked through');
    opened.clock.advance(60_000);
    await opened.kube.hasBeenAsked(/^PATCH/);
    await opened.clock.waitedFor(60_000);
    opened.clock.advance(60_000);
    await opened.kube.hasBeenAsked(/^DELETE/);
    await opened.clock.waitedFor(60_000);
    ending.abort();
    await loop;
    expect(opened.kube.storage.all(JOBS)).toEqual([]);
  });

  test('R2: its signal - ends a pass between two deletions, and what was deleted is told', async () => {
    const due = { status: DONE, annotations: { job_deletion_time_unix_sec: '1' } };
    putJobs(opened, [job('a', due), job('b', due)]);
    const ending = new AbortController();
    let counted = 0;
    const beforeDelete = (): void => ending.abort();
    const deleted = (jobs: number): void => void (counted += jobs);
    expect(await retention({ beforeDelete, deleted }).pass(ending.signal)).toEqual(['a']);
    expect([counted, opened.told]).toEqual([1, []]);
    expect(opened.kube.storage.all(JOBS).map(one => one.metadata.name)).toEqual(['b']);
  });

  test('R2: its signal - ends a pass between two pages, and nothing is told', async () => {
    putJobs(
      opened,
      Array.from({ length: 150 }, (_, i) => job(`done-${i}`, { status: DONE })),
    );
    const ending = new AbortController();
    const loop = retention().run(ending.signal);
    await opened.clock.waitedFor(150);
    ending.abort();
    await loop;
    expect(opened.kube.asked.filter(({ method }) => method === 'PATCH')).toEqual([]);
    expect(opened.told).toEqual([]);
  });
});
