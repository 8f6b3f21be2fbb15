/** Jobs that a manager makes and looks after, over a scripted cluster. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { jobApi, JobManager } from '@kube-transform/server';
import { DONE, failureOf, HELLO, job, JOBS, OpenJobs, PODS, putJobs } from './open-jobs.js';

let opened: OpenJobs;
beforeEach(async () => {
  opened = await OpenJobs.open({
    definitions: [
      { name: 'hello', spec: HELLO },
      { name: 'say', spec: HELLO.replace('"hi"', '"{{ v }}"') },
    ],
  });
});
afterEach(() => opened.close());

describe('a job manager', () => {
  test('MJ1: a Job of somebody else - is as one that is not there', async () => {
    putJobs(opened, [job('theirs', { labels: { 'app.kubernetes.io/managed-by': 'other' } }), job('ours')]);
    const { jobs } = opened;
    for (const act of [
      () => jobs.get('theirs'),
      () => jobs.logs('theirs'),
      () => jobs.delete('theirs'),
      () => jobs.retry('theirs'),
      () => jobs.status('theirs'),
    ])
      expect(await failureOf(act())).toBe('UNKNOWN_JOB');
    expect(
      (await jobs.list({ labels: { 'app.kubernetes.io/managed-by': 'other' } })).map(
        one => one.metadata.name,
      ),
    ).toEqual(['ours']);
    expect(opened.kube.storage.all(JOBS)).toHaveLength(2);
  });

  test('the same key - gives the same Job also when its definition is gone, and one of however many items', async () => {
    const long = 'a'.repeat(60);
    await opened.define([{ name: long, spec: HELLO }]);
    const first = await opened.jobs.create(long, {}, { idempotencyKey: 'k', arraySize: 5 });
    const other = opened.jobs.create(long, {}, { idempotencyKey: 'k', arraySize: 50_000 });
    expect(await failureOf(other)).toBe('KEY_IN_USE');
    await opened.define([{ name: 'hello', spec: HELLO }]);
    expect(await opened.jobs.create(long, {}, { idempotencyKey: 'k', arraySize: 5 })).toBe(first);
    expect(await failureOf(opened.jobs.create(long, {}, { idempotencyKey: 'new' }))).toBe(
      'UNKNOWN_DEFINITION',
    );
    const changed = opened.jobs.create(long, { v: 'b' }, { idempotencyKey: 'k', arraySize: 5 });
    expect(await failureOf(changed)).toBe('UNKNOWN_DEFINITION');
    expect(opened.kube.storage.all(JOBS)).toHaveLength(1);
  });

  test.each(['..', '../x', 'a/b', 'a%2fb', 'A', '', 'a\nb', 'x'.repeat(300), 'a..b', '.'])(
    '%j - is no name that the API is asked for',
    async name => {
      expect(await failureOf(opened.jobs.get(name))).toBe('UNKNOWN_JOB');
      expect(opened.kube.asked).toEqual([]);
    },
  );

  test.each<Record<string, string>>([{ 'a=b,x': 'y' }, { a: 'b,c!=d' }, { 'a b': 'c' }, { a: '-' }])(
    'labels %j - are refused, and not asked for',
    async labels => {
      expect(await failureOf(opened.jobs.list({ labels }))).toBe('BAD_LABEL');
      expect(opened.kube.asked).toEqual([]);
    },
  );

  test('a list of several pages - is of this signature to its end', async () => {
    putJobs(
      opened,
      Array.from({ length: 1100 }, (_, i) =>
        job(`j-${i}`, { labels: { 'app.kubernetes.io/managed-by': i % 2 === 0 ? 'sig-1' : 'other' } }),
      ),
    );
    expect(await opened.jobs.list()).toHaveLength(550);
    for (const { query } of opened.kube.askedFor(/^GET/))
      expect(query.get('labelSelector')).toBe('app.kubernetes.io/managed-by=sig-1');
  });

  test('a hook that throws - and nothing is made', async () => {
    const preCreate = (): never => {
      throw new Error('not today');
    };
    await expect(opened.jobs.create('hello', {}, { preCreate })).rejects.toThrow('not today');
    expect(opened.created()).toEqual([]);
  });

  test('the same key - gives the same Job, with other arguments a refusal', async () => {
    const first = await opened.jobs.create('say', { v: 'a' }, { idempotencyKey: 'k' });
    expect(await opened.jobs.create('say', { v: 'a' }, { idempotencyKey: 'k' })).toBe(first);
    expect(await failureOf(opened.jobs.create('say', { v: 'b' }, { idempotencyKey: 'k' }))).toBe(
      'KEY_IN_USE',
    );
    expect(await opened.jobs.create('say', { v: 'b' }, { idempotencyKey: 'k2' })).not.toBe(first);
    expect(opened.kube.storage.all(JOBS)).toHaveLength(2);
  });

  test('a create whose answer is lost - makes one Job', async () => {
    const api = jobApi({
      name: 'fake',
      server: opened.kube.url,
      namespace: 'jobs',
      token: async () => undefined,
    });
    const jobs = new JobManager({ api, signature: 'sig-1', definitions: opened.definitions });
    opened.kube.on(
      /^POST/,
      asked => {
        opened.kube.storage.create(JOBS, JSON.parse(asked.text) as object);
        return { status: 503 };
      },
      1,
    );
    const name = await jobs.create('hello', {});
    expect(opened.kube.storage.all(JOBS).map(one => one.metadata.name)).toEqual([name]);
    api.close();
  });

  test('an array job - is an Indexed Job whose items are retried one by one', async () => {
    const name = await opened.jobs.create('hello', {}, { arraySize: 1000 });
    const [{ spec }] = opened.created() as [ReturnType<OpenJobs['created']>[number]];
    expect(spec).toMatchObject({
      completionMode: 'Indexed',
      completions: 1000,
      parallelism: 100,
      backoffLimitPerIndex: 0,
    });
    expect(spec).not.toHaveProperty('backoffLimit');
    expect(`${name}-999`.length).toBeLessThanOrEqual(63);
    for (const arraySize of [0, 1.5, -1, 1e9, Number.NaN])
      expect(await failureOf(opened.jobs.create('hello', {}, { arraySize }))).toBe('BAD_ARRAY_SIZE');
  });

  test('an Indexed Job of a template - has a name that leaves room for the numbers of its pods', async () => {
    const spec = HELLO.replace('spec:', 'spec:\n  completionMode: Indexed\n  completions: 1000').replace(
      'name: hello',
      `name: ${'a'.repeat(60)}`,
    );
    await opened.define([{ name: 'indexed', spec }]);
    const name = await opened.jobs.create('indexed', {});
    expect(`${name}-999`.length).toBeLessThanOrEqual(63);
  });

  test('a retry - makes a finished Job once more, without what the cluster put into it', async () => {
    const spec = {
      backoffLimit: 0,
      selector: { matchLabels: { 'controller-uid': 'u' } },
      template: {
        metadata: { labels: { 'job-name': 'x', team: 'a' } },
        spec: { containers: [{ name: 'main', image: 'busybox' }] },
      },
    };
    putJobs(opened, [
      {
        ...job('hello-0123456789abcdef01234567', {
          status: DONE,
          annotations: { job_deletion_time_unix_sec: '1', note: 'n' },
        }),
        spec,
      },
      job('runs'),
    ]);
    const name = await opened.jobs.retry('hello-0123456789abcdef01234567');
    expect(name).toMatch(/^hello-[0-9a-f]{24}$/);
    const made = opened.created()[0]!;
    expect(made.metadata.annotations).toEqual({
      note: 'n',
      'kt.dev/retry-of': 'hello-0123456789abcdef01234567',
    });
    expect(made.spec).toEqual({
      backoffLimit: 0,
      template: {
        metadata: { labels: { team: 'a' } },
        spec: { containers: [{ name: 'main', image: 'busybox' }] },
      },
    });
    expect(await failureOf(opened.jobs.retry('runs'))).toBe('JOB_RUNS');
  });

  test('a delete - takes the pods along', async () => {
    putJobs(opened, [job('a')]);
    await opened.jobs.delete('a');
    expect(opened.kube.askedFor(/^DELETE/)[0]!.query.get('propagationPolicy')).toBe('Foreground');
    expect(opened.kube.storage.all(JOBS)).toEqual([]);
  });

  test.each<[string, string]>([
    ['metadata:\n  name: n\n  namespace: kube-system', 'JOB_NOT_ALLOWED'],
    ['metadata:\n  generateName: n-', 'NOT_A_JOB'],
    ['metadata:\n  name: Großes', 'BAD_JOB_NAME'],
  ])('a template with %j - is refused', async (metadata, code) => {
    await opened.define([{ name: 'x', spec: HELLO.replace('metadata:\n  name: hello', metadata) }]);
    expect(await failureOf(opened.jobs.create('x', {}))).toBe(code);
    expect(opened.created()).toEqual([]);
  });

  test('images and service accounts - are those that are allowed', async () => {
    const limits = { images: ['registry.example/*', 'busybox:1.36'], serviceAccounts: ['runner'] };
    const jobs = new JobManager({
      api: opened.api,
      signature: 'sig-1',
      definitions: opened.definitions,
      limits,
    });
    const withPod = (pod: string): string =>
      HELLO.replace('      containers:', `      ${pod}\n      containers:`);
    await opened.define([
      { name: 'ok', spec: withPod('serviceAccountName: runner') },
      { name: 'account', spec: withPod('serviceAccountName: admin') },
      { name: 'none', spec: HELLO },
      {
        name: 'image',
        spec: withPod('serviceAccountName: runner').replace(
          'busybox:1.36',
          'evil.example/registry.example/x',
        ),
      },
      {
        name: 'init',
        spec: withPod('serviceAccountName: runner\n      initContainers: [{name: i, image: evil}]'),
      },
    ]);
    expect(await jobs.create('ok', {})).toMatch(/^hello-/);
    for (const name of ['account', 'none', 'image', 'init'])
      expect(await failureOf(jobs.create(name, {}))).toBe('JOB_NOT_ALLOWED');
  });

  test.each<[string, number, string, unknown]>([
    [
      'ImagePullBackOff',
      400,
      'container "main" in pod "p" is waiting to start: trying and failing to pull image',
      ['trying and failing to pull image'],
    ],
    ['a pod that is gone', 404, 'pods "p" not found', []],
  ])('logs where there are none - %s', async (_, code, message, lines) => {
    const pod = {
      metadata: { name: 'p', labels: { 'job-name': 'a' } },
      spec: { containers: [{ name: 'main' }] },
      _logs: { main: { code, message } },
    };
    putJobs(opened, [{ ...job('a'), _pods: [pod] }]);
    expect(await opened.jobs.logs('a')).toEqual({ p: { main: lines } });
    expect(opened.kube.askedFor(new RegExp(`^GET ${PODS}\\?`))[0]!.query.get('labelSelector')).toBe(
      'job-name=a',
    );
  });
});
