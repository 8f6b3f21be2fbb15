/**
 * Each way in which pods end without having done their items: the right cause, the right cost, and a sentence
 * that says what to do.
 */
import { watch, type KubeObject, LABEL, paths, type Pod, runName } from '@kube-transform/runtime/kubernetes';
import { readLogs, readRecord } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { type GivenJob, KINDS, submitJobs, type Submitted } from '../kit/submitted.js';

const QUICK = { initial: '100ms', max: '200ms' };
interface Case {
  mode: string;
  job: Omit<GivenJob, 'name'>;
  cause: object;
  says: RegExp;
}
const CASES: Case[] = [
  {
    mode: 'an attempt that outlives its timeout and hears nothing',
    job: { call: ['holds', {}], timeout: '1s' },
    cause: { kind: 'DeadlineExceeded', timeoutMs: 1000 },
    says: /longer than 1000 ms and did not heed its signal/,
  },
  {
    mode: 'an attempt that outlives its timeout and does as it is told',
    job: { call: ['heeds', {}], timeout: '1s' },
    cause: { kind: 'DeadlineExceeded', timeoutMs: 1000 },
    says: /longer than 1000 ms\./,
  },
  {
    mode: 'a process that exits',
    job: { call: ['ends', { how: 'exit' }] },
    cause: { kind: 'Exited', exitCode: 3, signal: null },
    says: /exit code 3/,
  },
  {
    mode: 'a process that exits as if all were well',
    job: { call: ['ends', { how: 'exit', code: 0 }] },
    cause: { kind: 'Exited', exitCode: 76 },
    says: /called process\.exit\(0\)\. Functions must return or throw/,
  },
  {
    mode: 'a process that exits as if it were told to by Kubernetes',
    job: { call: ['ends', { how: 'exit', code: 78 }] },
    cause: { kind: 'Exited', exitCode: 76 },
    says: /called process\.exit\(78\)/,
  },
  {
    mode: 'a process that breaks',
    job: { call: ['ends', { how: 'fault' }], timeout: '5m' },
    cause: { kind: 'Exited', signal: 'SIGSEGV' },
    says: /SIGSEGV \(exit code 139\)/,
  },
  {
    mode: 'a process that gives up',
    job: { call: ['ends', { how: 'abort' }], timeout: '5m' },
    cause: { kind: 'Exited', signal: 'SIGABRT' },
    says: /SIGABRT \(exit code 134\)/,
  },
  {
    mode: 'a process that gives up and is number 1 of its pod',
    job: { call: ['ends', { how: 'abort' }] },
    // Nobody may send this process a signal, not even itself: the C library lets it fault instead.
    cause: { kind: 'Exited', signal: expect.stringMatching(/SIGABRT|SIGSEGV/) as string },
    says: /SIG(ABRT|SEGV) \(exit code 13[49]\)/,
  },
  {
    mode: 'a promise that nobody keeps',
    job: { call: ['forgets', {}] },
    cause: { kind: 'Exited' },
    says: /waiting for a promise that can no longer settle\. Functions must return or throw/,
  },
  {
    mode: 'more memory than it may ever have',
    job: { call: ['needsMemory', { mib: 4000 }], memory: '96Mi' },
    cause: { kind: 'OutOfMemory', memory: '384Mi' },
    says: /over its memory of 384Mi\. Give the step more "memory"/,
  },
  {
    mode: 'more objects than it may ever have',
    job: { call: ['fillsHeap', {}], memory: '96Mi' },
    cause: { kind: 'OutOfMemory', memory: '384Mi' },
    says: /over its memory of 384Mi\. Give the step more "memory"/,
  },
  {
    mode: 'more memory than it may ever have, within a timeout',
    job: { call: ['needsMemory', { mib: 4000 }], memory: '96Mi', timeout: '5m' },
    cause: { kind: 'OutOfMemory', memory: '384Mi' },
    says: /over its memory of 384Mi\. Give the step more "memory"/,
  },
];
const jobName = (mode: string): string => mode.replaceAll(/[ ,]+/g, '-').toLowerCase();

describe.each(KINDS)('%s that end badly', (_, reuse) => {
  let cluster: TestCluster;
  let run: Submitted;
  beforeAll(async () => {
    cluster = await testCluster('ends');
    const jobs = CASES.map(({ mode, job }): GivenJob => ({ name: jobName(mode), ...job }));
    const more = [
      { name: 'more-memory', call: ['needsMemory', { mib: 120 }] as [string, object], memory: '96Mi' },
      {
        name: 'tries-again',
        call: ['ends', { how: 'exit' }] as [string, object],
        retries: 2,
        backoff: QUICK,
      },
    ];
    run = await submitJobs(
      cluster,
      [...jobs, ...more].map(job => ({ ...job, reuse })),
    );
    await run.ended;
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test.each(CASES)('$mode', ({ mode, cause, says }) => {
    expect(run.causeOf(jobName(mode))).toMatchObject(cause);
    expect(run.causeOf(jobName(mode))?.message).toMatch(says);
  });

  test('that do as they are told have their say', async () => {
    const lines: string[] = [];
    const record = (await readRecord(cluster.store, run.runId))!;
    for await (const { message } of readLogs(cluster.store, record, {
      selector: jobName(CASES[1]!.mode),
      previous: false,
    }))
      lines.push(message);
    expect(lines).toContain('told to stop');
  });

  test('for want of memory that they may get are given it, at no cost', async () => {
    expect(run.causeOf('more-memory')).toBeUndefined();
    expect(run.events).toContainEqual(
      expect.objectContaining({ type: 'JobCounted', job: 'more-memory', done: 1, retried: 1 }),
    );
    expect(await run.outcomeOf('more-memory')).toMatchObject({ attempts: 1, result: { attempt: 1 } });
  });

  test('cost an attempt each, and there are as many as were allowed', async () => {
    expect(await run.outcomeOf('tries-again')).toMatchObject({
      attempts: 3,
      final: true,
      cause: { kind: 'Exited', exitCode: 3 },
    });
  });
});

/**
 * Resolves with the first pod of a run's workers for which something holds; null: with nothing, once there is
 * none.
 */
async function podOf(
  { api, namespace }: TestCluster,
  runId: string,
  holds: (pods: Pod[]) => boolean,
): Promise<Pod> {
  const stop = new AbortController();
  const pods = new Map<string, Pod>();
  const target = {
    path: paths.pods(namespace),
    labelSelector: `${LABEL.run}=${runId},${LABEL.component}=task`,
  };
  for await (const news of watch<Pod>(api, target, { signal: stop.signal, clock: systemClock })) {
    if (news.type === 'list') pods.clear();
    for (const pod of news.type === 'list' ? news.items : [news.object]) {
      if (news.type === 'gone') pods.delete(pod.metadata.name);
      else pods.set(pod.metadata.name, pod);
    }
    if (holds([...pods.values()])) break;
  }
  stop.abort();
  return [...pods.values()].at(-1) ?? { metadata: { name: '' } };
}
const runs = (pods: Pod[]): boolean =>
  pods.some(({ status }) => status?.containerStatuses?.[0]?.state?.running !== undefined);

describe('pods that are taken away', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await testCluster('taken');
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test('an evicted pod is replaced at no cost', async () => {
    const run = await submitJobs(cluster, [{ name: 'evicted', call: ['awaitsFile', { path: 'evicted' }] }]);
    const pod = await podOf(cluster, run.runId, runs);
    const { name } = pod.metadata;
    const eviction: KubeObject = {
      apiVersion: 'policy/v1',
      kind: 'Eviction',
      metadata: { name, namespace: cluster.namespace },
    };
    await cluster.api.create(`${paths.pods(cluster.namespace, name)}/eviction`, eviction);
    await podOf(
      cluster,
      run.runId,
      pods =>
        pods.some(other => other.metadata.name !== name) &&
        runs(pods.filter(other => other.metadata.name !== name)),
    );
    await cluster.store.put('evicted', new Uint8Array());
    expect((await run.ended).status).toBe('Completed');
    expect(await run.outcomeOf('evicted')).toMatchObject({ attempts: 1, result: 1 });
  });

  test('a pod that somebody deletes is replaced at no cost', async () => {
    const run = await submitJobs(cluster, [{ name: 'deleted', call: ['awaitsFile', { path: 'deleted' }] }]);
    const { name } = (await podOf(cluster, run.runId, runs)).metadata;
    await cluster.api.delete(paths.pods(cluster.namespace, name));
    await podOf(cluster, run.runId, pods => runs(pods.filter(other => other.metadata.name !== name)));
    await cluster.store.put('deleted', new Uint8Array());
    expect((await run.ended).status).toBe('Completed');
    expect(await run.outcomeOf('deleted')).toMatchObject({ attempts: 1, result: 1 });
  });

  test('a pod that ignores SIGTERM is gone after its grace', async () => {
    const kubernetes = { podPatch: { terminationGracePeriodSeconds: 3 } };
    const run = await submitJobs(cluster, [{ name: 'deaf', call: ['holds', {}], kubernetes }]);
    await podOf(cluster, run.runId, runs);
    await cluster.api.delete(paths.configMaps(cluster.namespace, runName(run.runId)));
    await expect(run.ended).rejects.toMatchObject({ code: 'RUN_DELETED' });
    await podOf(cluster, run.runId, pods => pods.length === 0);
  });
});
