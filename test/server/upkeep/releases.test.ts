/** Jobs that wait for others. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { JobRetention, wordFor } from '@kube-transform/server';
import { DONE, failureOf, job, JOBS, OpenJobs, putJobs } from '../open-jobs.js';
import { jobIn, Looking, marksOf } from './looking.js';

const FAILED = { conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }] };
const QUEUE = 'kueue.x-k8s.io/queue-name';

let opened: OpenJobs;
let servers: Looking[];
beforeEach(async () => {
  opened = await OpenJobs.open();
  servers = [await Looking.begin(opened)];
});
afterEach(async () => {
  for (const server of servers) await server.end();
  await opened.close();
});

const server = (): Looking => servers[0]!;
const retention = (): JobRetention =>
  new JobRetention({ jobs: opened.jobs, retentionSec: 0, clock: opened.clock });
const create = (dependsOn: readonly string[] = [], more: object = {}): Promise<string> =>
  opened.jobs.create('hello', {}, { dependsOn, ...more });
const end = (name: string, status: object = DONE): void =>
  void opened.kube.storage.patch(JOBS, name, { status });
const isSuspended = (name: string): boolean => jobIn(opened, name).spec.suspend === true;

describe('JD1: a job that waits for others', () => {
  test('begins when all have completed, and not before', async () => {
    const [a, b] = [await create(), await create()];
    const c = await create([a, b, a]);
    expect(isSuspended(c)).toBe(true);
    end(a);
    await server().until(() => !marksOf(opened, c)['kt.dev/waits-for']!.includes(a));
    expect(isSuspended(c)).toBe(true);
    end(b);
    await server().until(() => !isSuspended(c));
    expect(marksOf(opened, c)).toEqual({ 'kt.dev/depends-on': `${a},${b}` });
    expect(server().told).toEqual([]);
  });

  test('is shown with what it waits for, in words, and nothing more is asked', async () => {
    const a = await create();
    const { json } = await opened.ask('POST', `/jobs?depends_on=${a}`, { job_definition_name: 'hello' });
    const before = opened.kube.asked.length;
    const shown = await opened.ask('GET', `/jobs/${json.job_name}`);
    expect(shown.json).toMatchObject({
      state: 'Running',
      depends_on: [a],
      waiting: { reason: 'WaitsForJobs', message: `it waits for the job "${a}"` },
    });
    expect(opened.kube.asked.slice(before).filter(({ watch }) => !watch)).toHaveLength(1);
    const body = { job_definition_name: 'hello' };
    for (const wrong of ['nope', '..', `${a}/x`, ''])
      expect((await opened.ask('POST', `/jobs?depends_on=${encodeURIComponent(wrong)}`, body)).status).toBe(
        404,
      );
    const many = Array.from({ length: 101 }, (_, i) => `depends_on=j-${i}`).join('&');
    expect((await opened.ask('POST', `/jobs?${many}`, body)).json.code).toBe('BAD_DEPENDENCY');
    end(a, FAILED);
    expect((await opened.ask('POST', `/jobs?depends_on=${a}`, body)).json).toMatchObject({
      code: 'DEPENDENCY_FAILED',
      error: expect.stringContaining('has failed'),
    });
  });

  test('begins at once where all have completed', async () => {
    const a = await create();
    end(a);
    const b = await create([a]);
    expect(isSuspended(b)).toBe(false);
    expect(marksOf(opened, b)).toEqual({ 'kt.dev/depends-on': a });
  });

  test('fails with the first that fails, and so does a chain of 100 behind it', async () => {
    const first = await create();
    const names = [first];
    for (let i = 0; i < 100; i++) names.push(await create([names.at(-1)!]));
    end(first, FAILED);
    await server().until(() => wordFor(jobIn(opened, names.at(-1)!)) === 'Failed');
    const { status } = jobIn(opened, names[1]!);
    expect(status!.startTime).toMatch(/^\d{4}-.*\dZ$/);
    expect(status!.conditions!.at(-1)).toMatchObject({
      type: 'Failed',
      reason: 'DependencyFailed',
      message: `It could not begin: the job "${first}" has failed.`,
    });
    expect(names.slice(1).every(isSuspended)).toBe(true);
  });

  test('fails where one was deleted, also where another has got its name', async () => {
    const a = await create([], { idempotencyKey: 'k' });
    const b = await create([a]);
    opened.kube.storage.delete(JOBS, a);
    expect(await create([], { idempotencyKey: 'k' })).toBe(a);
    await server().until(() => wordFor(jobIn(opened, b)) === 'Failed');
    expect(jobIn(opened, b).status!.conditions!.at(-1)!.message).toContain('was deleted before');
  });

  test('begins where one was deleted as soon as it had completed', async () => {
    const a = await create();
    const b = await create([a]);
    end(a);
    opened.kube.storage.delete(JOBS, a);
    await server().until(() => !isSuspended(b));
  });

  test('waits on where one has lost its label, or cannot be read', async () => {
    const a = await create();
    const b = await create([a]);
    opened.kube.on(new RegExp(`^GET ${JOBS}/${a}/status`), { status: 500 });
    opened.kube.storage.patch(JOBS, a, { metadata: { labels: { 'kt.dev/followed': null } } });
    await server().until(() => server().told.length > 0);
    expect(server().told[0]).toContain(`The job "${b}" waits on`);
    expect([isSuspended(b), wordFor(jobIn(opened, b) as never)]).toEqual([true, 'Running']);
    opened.kube.mend();
    end(a);
    server().clock.advance(5000);
    await server().until(() => !isSuspended(b));
  });

  test('is let go by several servers at once, and changed once', async () => {
    servers.push(await Looking.begin(opened), await Looking.begin(opened));
    const a = await create();
    const waiting = await Promise.all(Array.from({ length: 20 }, () => create([a])));
    end(a);
    for (let i = 0; waiting.some(isSuspended) && i < 2000; i++)
      await Promise.all(servers.map(one => one.look()));
    expect(waiting.some(isSuspended)).toBe(false);
    expect(servers.flatMap(({ told }) => told)).toEqual([]);
    expect(waiting.map(name => marksOf(opened, name)['kt.dev/waits-for'])).toEqual(
      waiting.map(() => undefined),
    );
  });

  test('that somebody lets go by hand - runs, whatever becomes of what it waited for', async () => {
    const a = await create();
    const b = await create([a]);
    opened.kube.storage.patch(JOBS, b, { spec: { suspend: false } });
    await server().until(() => marksOf(opened, b)['kt.dev/waits-for'] === undefined);
    end(a, FAILED);
    const c = await create();
    const d = await create([c]);
    end(c);
    await server().until(() => !isSuspended(d));
    expect(wordFor(jobIn(opened, b) as never)).toBe('Running');
  });

  test('whose mark is damaged - is told of once, and keeps nobody else', async () => {
    const annotations = { 'kt.dev/waits-for': 'what, is this' };
    putJobs(opened, [job('odd', { labels: { 'kt.dev/followed': 'true' }, annotations })]);
    const a = await create();
    const b = await create([a]);
    end(a);
    await server().until(() => !isSuspended(b));
    opened.clock.advance(600_000);
    await retention().mark();
    expect(await retention().deleteDue()).toEqual([a]);
    const told = (): string[] => server().told.filter(text => text.includes('"odd"'));
    await server().until(() => told().length > 0);
    server().clock.advance(5000);
    for (let i = 0; i < 40; i++) await server().look();
    expect(told()).toHaveLength(1);
    expect((await opened.ask('GET', '/jobs/odd')).status).toBe(200);
  });

  test('of a queue - is given to the queue when it waits no more, and to it again when it is repeated', async () => {
    const a = await create();
    const b = await create([a], { queue: 'batch' });
    expect(jobIn(opened, b).metadata.labels).not.toHaveProperty(QUEUE);
    end(a);
    await server().until(() => jobIn(opened, b).metadata.labels[QUEUE] === 'batch');
    expect(isSuspended(b)).toBe(true);
    end(b, FAILED);
    const again = jobIn(opened, await opened.jobs.retry(b));
    expect([again.metadata.labels[QUEUE], again.spec.suspend]).toEqual(['batch', true]);
    expect(Object.keys(again.metadata.annotations!)).toEqual(['kt.dev/retry-of']);
  });
});

describe('a request with a key', () => {
  test('that is sent again - gives its job, also when what it waits for has failed or gone since', async () => {
    const a = await create();
    const options = { idempotencyKey: 'k' };
    const b = await create([a], options);
    end(a, FAILED);
    expect(await create([a], options)).toBe(b);
    opened.kube.storage.delete(JOBS, a);
    expect(await create([a], options)).toBe(b);
    expect(await failureOf(create([], options))).toBe('KEY_IN_USE');
    expect(await failureOf(create(['other'], options))).toBe('UNKNOWN_JOB');
  });
});

describe('R3: retention', () => {
  test('keeps what another waits for, until that waits no more', async () => {
    const [a, b] = [await create(), await create()];
    const c = await create([a, b]);
    await server().end();
    end(a);
    opened.clock.advance(3_600_000);
    await retention().mark();
    expect(await retention().deleteDue()).toEqual([]);
    servers = [await Looking.begin(opened)];
    await server().until(() => !marksOf(opened, c)['kt.dev/waits-for']!.includes(a));
    expect(await retention().deleteDue()).toEqual([a]);
  });

  test('keeps what was named a moment ago, before and after it looked', async () => {
    putJobs(opened, [job('a', { status: DONE }), job('b')]);
    await retention().mark();
    // Named after the list was read.
    opened.kube.on(
      /^DELETE/,
      () => {
        opened.kube.storage.patch(JOBS, 'a', { metadata: { labels: { more: 'x' } } });
        return 'store';
      },
      1,
    );
    expect(await retention().deleteDue()).toEqual([]);
    expect(await retention().deleteDue()).toEqual(['a']);
    await create(['b']);
    end('b');
    opened.kube.storage.all(JOBS).forEach(({ metadata }) => {
      if (metadata.name !== 'b') opened.kube.storage.delete(JOBS, metadata.name);
    });
    await retention().mark();
    expect(await retention().deleteDue()).toEqual([]);
    opened.clock.advance(300_000);
    expect(await retention().deleteDue()).toEqual(['b']);
  });
});
