/**
 * Rules of a namespace that keep pods from starting: told while they last, and ended with the right cause and
 * a sentence that names the remedy.
 */
import { describe, expect, test } from 'vitest';
import { systemClock } from '@kube-transform/runtime/internal';
import { type KubeObject, paths, watch } from '@kube-transform/runtime/kubernetes';
import { claimOn } from '../kit/claim.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { submitJobs } from '../kit/submitted.js';

const SOON = { startTimeout: '6s' };

describe('rules of the namespace', () => {
  test('a quota on pods: told, waited for, given up', async () => {
    await using cluster = await testCluster('hang-pods');
    await limit(cluster, 'few', { pods: '1' });
    const run = await submitJobs(cluster, [{ name: 'crowd', kubernetes: SOON }]);
    await run.ended;
    expect(run.waitsOf('crowd')).toEqual([
      expect.stringMatching(
        /^exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1\. It goes on/,
      ),
    ]);
    expect(run.causeOf('crowd')).toMatchObject({ kind: 'NotStarted', reason: 'QuotaExceeded' });
    expect(run.causeOf('crowd')?.message).toMatch(/other pods of the namespace end.*Have the quota raised/);
  });

  test('a quota on pods that is raised: the run goes on', async () => {
    await using cluster = await testCluster('hang-raised');
    await limit(cluster, 'few', { pods: '1' });
    const run = await submitJobs(cluster, [{ name: 'crowd' }]);
    await run.sees('JobWaiting', ({ message }) => message?.includes('exceeded quota') === true);
    await cluster.api.delete(paths.resourceQuotas(cluster.namespace, 'few'));
    expect((await run.ended).status).toBe('Completed');
    expect(run.events.findLast(event => event.type === 'JobWaiting')).toMatchObject({ message: null });
  });

  test('a quota on Jobs: its refusal is waited for, not failed with', async () => {
    await using cluster = await testCluster('hang-jobs');
    await limit(cluster, 'one', { 'count/jobs.batch': '1' });
    const run = await submitJobs(cluster, [{ name: 'late' }]);
    const { message } = await run.sees('JobWaiting', event => event.message !== null);
    expect(message).toMatch(/exceeded quota: one, requested: count\/jobs\.batch=1.*kt gc/);
    await cluster.api.delete(paths.resourceQuotas(cluster.namespace, 'one'));
    expect((await run.ended).status).toBe('Completed');
  });

  test('a quota on Jobs that stays: the step fails', async () => {
    await using cluster = await testCluster('hang-jobs-stay');
    await limit(cluster, 'one', { 'count/jobs.batch': '1' });
    const run = await submitJobs(cluster, [{ name: 'late', kubernetes: SOON }]);
    await run.ended;
    expect(run.causeOf('late')).toMatchObject({ kind: 'NotStarted', reason: 'QuotaExceeded' });
  });

  test('a quota on memory that one pod goes beyond: no use to wait', async () => {
    await using cluster = await testCluster('hang-memory');
    await limit(cluster, 'little', { 'requests.memory': '300Mi' });
    const run = await submitJobs(cluster, [{ name: 'large', memory: '512Mi' }]);
    await run.ended;
    const cause = run.causeOf('large');
    expect(cause).toMatchObject({ kind: 'NotStarted', reason: 'QuotaExceeded' });
    expect(cause?.message).toMatch(
      /One pod alone asks for more requests\.memory than the whole quota has \(512Mi of 300Mi\)\. Ask for less "memory"/,
    );
  });

  test('a LimitRange: the step fails with its words', async () => {
    await using cluster = await testCluster('hang-limit');
    const limits = [{ type: 'Container', max: { memory: '600Mi' } }];
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'LimitRange',
      metadata: { name: 'max' },
      spec: { limits },
    } as KubeObject);
    const run = await submitJobs(cluster, [{ name: 'large', memory: '1Gi' }]);
    await run.ended;
    const cause = run.causeOf('large');
    expect(cause).toMatchObject({ kind: 'NotStarted', reason: 'LimitRange' });
    expect(cause?.message).toMatch(
      /maximum memory usage per Container is 600Mi.*Ask for less "memory" in the step/s,
    );
  });

  test('Pod Security: what a step adds is refused, the rest runs', async () => {
    await using cluster = await testCluster('hang-psa', {
      labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
    });
    await using claim = await claimOn(cluster);
    const run = await submitJobs(
      cluster,
      [
        { name: 'fine' },
        {
          name: 'climbs',
          kubernetes: {
            podPatch: { containers: [{ name: 'main', securityContext: { allowPrivilegeEscalation: true } }] },
          },
        },
      ],
      { volume: claim.volume },
    );
    await run.ended;
    expect(run.events).toContainEqual(
      expect.objectContaining({ type: 'JobStatusChanged', job: 'fine', to: 'Completed' }),
    );
    const cause = run.causeOf('climbs');
    expect(cause).toMatchObject({ kind: 'NotStarted', reason: 'PodSecurity' });
    expect(cause?.message).toMatch(
      /violates PodSecurity "restricted:latest": allowPrivilegeEscalation.*Take what is named there out of the step \(kubernetes\.podPatch/s,
    );
  });
});

/** Makes a quota, and waits until it is in force. */
async function limit(
  { api, apply, namespace }: TestCluster,
  name: string,
  hard: Record<string, string>,
): Promise<void> {
  await apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name }, spec: { hard } } as KubeObject);
  const stop = new AbortController();
  const quotas = { path: paths.resourceQuotas(namespace) };
  for await (const news of watch<KubeObject & { status?: { used?: object } }>(api, quotas, {
    signal: stop.signal,
    clock: systemClock,
  })) {
    if ((news.type === 'list' ? news.items : [news.object]).some(({ status }) => status?.used !== undefined))
      break;
  }
  stop.abort();
}
