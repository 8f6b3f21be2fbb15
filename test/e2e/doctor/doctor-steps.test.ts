/** `kt doctor` on a cluster: what steps name and is not there, and what they want and may not have. */
import { describe, expect, test } from 'vitest';
import { claimOn } from '../kit/claim.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { expectProblem, findings, LEVELS, withOptions, withProject } from './findings.js';

withProject();

/** What of Kueue the doctor looks at: the kind of its queues. */
async function localQueues({ api }: TestCluster): Promise<AsyncDisposable> {
  const folder = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const names = { plural: 'localqueues', singular: 'localqueue', kind: 'LocalQueue' };
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const spec = {
    group: 'kueue.x-k8s.io',
    scope: 'Namespaced',
    names,
    versions: [{ name: 'v1beta1', served: true, storage: true, schema }],
  };
  const name = 'localqueues.kueue.x-k8s.io';
  await api.create(folder, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name },
    spec,
  });
  await expect
    .poll(() => api.get('/apis/kueue.x-k8s.io/v1beta1/localqueues'), { timeout: 30_000 })
    .not.toBeNull();
  return {
    [Symbol.asyncDispose]: async () => {
      await api.delete(`${folder}/${name}`);
      await expect.poll(() => api.get('/apis/kueue.x-k8s.io'), { timeout: 30_000 }).toBeNull();
    },
  };
}

describe('what steps name', () => {
  test.each([
    {
      pipeline: 'priority',
      says: /priority\.work are not admitted: no PriorityClass with name utmost was found/,
      do: /kubectl get priorityclasses/,
    },
    {
      pipeline: 'sandboxed',
      says: /sandboxed\.work are not admitted: .*RuntimeClass "sandbox" not found/,
      do: /kubectl get runtimeclasses/,
    },
    {
      pipeline: 'other',
      says: /other\.work are not admitted: .*serviceaccount "nobody" not found/,
      do: /kubectl create serviceaccount nobody/,
    },
  ])('$pipeline', async ({ pipeline, ...wanted }) => {
    await using cluster = await testCluster('doctor');
    expectProblem(await findings(cluster.args, pipeline), { check: 'steps', ...wanted });
  });

  test('a user that a restricted namespace does not admit', async () => {
    await using cluster = await testCluster('doctor', { labels: LEVELS });
    await using _claim = await claimOn(cluster);
    expectProblem(await findings(withOptions(cluster, { '--volume': 'pvc:data' }), 'root'), {
      check: 'steps',
      says: /The pods of root\.work are not admitted: violates PodSecurity "restricted:latest": runAsNonRoot/,
      do: 'pod-security.kubernetes.io/enforce',
    });
  });

  test('a queue without Kueue', async () => {
    await using cluster = await testCluster('doctor');
    expectProblem(await findings(cluster.args, 'queued'), {
      check: 'kueue',
      says: 'Steps want the queue nightly, and Kueue is not installed.',
      do: 'Install Kueue, or take `queue` out of the steps.',
    });
  });

  test('a queue that Kueue does not have', async () => {
    await using cluster = await testCluster('doctor');
    await using _kueue = await localQueues(cluster);
    expectProblem(await findings(cluster.args, 'queued'), {
      check: 'kueue',
      says: `Steps want the queue nightly, and there is no LocalQueue of that name in namespace "${cluster.namespace}".`,
      do: '`kubectl get localqueues` lists those that there are',
    });
    const made = { apiVersion: 'kueue.x-k8s.io/v1beta1', kind: 'LocalQueue', metadata: { name: 'nightly' } };
    await cluster.api.create(
      `/apis/kueue.x-k8s.io/v1beta1/namespaces/${cluster.namespace}/localqueues`,
      made,
    );
    const { found, code } = await findings(cluster.args, 'queued');
    expect(found).toContainEqual({
      check: 'kueue',
      outcome: 'ok',
      message: 'Installed, and the queue nightly is there.',
    });
    expect(code).toBe(0);
  });

  test('a Secret for the registry that is not there', async () => {
    await using cluster = await testCluster('doctor');
    expectProblem(await findings(cluster.args, 'secret'), {
      check: 'pull secrets',
      says: `There is no Secret "registry-login" in namespace "${cluster.namespace}"`,
      do: `kubectl create secret docker-registry registry-login -n ${cluster.namespace}`,
    });
  });
});
