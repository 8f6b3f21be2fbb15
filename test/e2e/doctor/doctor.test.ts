/**
 * `kt doctor` on a cluster: where nothing is wrong every line says ok; a cluster or a namespace that is not
 * there is told.
 */
import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { paths } from '@kube-transform/runtime/kubernetes';
import { clockFinding, nodeFinding } from '../../../packages/cli/src/doctor/probe.js';
import { kt, makeProject } from '../../kit/kt.js';
import { claimOn } from '../kit/claim.js';
import { E2E, type TestCluster, testCluster } from '../kit/cluster.js';
import { kubeconfigWith } from '../kit/user.js';
import {
  counted,
  expectProblem,
  findings,
  LEVELS,
  limits,
  project,
  quota,
  withOptions,
  withProject,
} from './findings.js';

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

test('kt doctor - where nothing is wrong every line says ok', async () => {
  await using cluster = await testCluster('doctor', { labels: LEVELS });
  await using _claim = await claimOn(cluster);
  await cluster.apply(
    quota({ 'requests.cpu': '2', 'limits.memory': '4Gi', 'count/pods': '20' }),
    limits({ max: { memory: '2Gi', cpu: '2' } }),
  );
  await counted(cluster);
  const args = withOptions(cluster, { '--volume': 'pvc:data' });
  const { found, code } = await findings(args, 'plain', 'pod');
  const lines = Object.fromEntries(
    found.map(({ check, outcome, message }) => [check, `${outcome} ${message}`]),
  );
  expect(lines).toEqual({
    api: expect.stringMatching(/^ok .* at https:.* runs Kubernetes v1\.\d+/) as string,
    namespace: `ok "${cluster.namespace}", Pod Security "restricted".`,
    'your rights': 'ok You may do all that kt does.',
    'file rights': 'ok kt files may begin a process in a pod that has the volume.',
    'service account': 'ok "kt-pod".',
    'controller rights': 'ok "kt-pod" may do all that controllers do.',
    'pull secrets': 'ok No step and no service account names one.',
    volume: expect.stringMatching(/^ok The claim "data" is (Bound|Pending)\.$/) as string,
    quota: 'ok The largest step fits into "team".',
    limits: 'ok Every step is within them.',
    nodes: expect.stringMatching(/^ok \d+ of \d+ take pods, and the largest step fits\.$/) as string,
    steps: 'ok The pods of all steps are admitted: 1.',
    kueue: 'ok Not installed, and no step wants a queue.',
    pod: `ok A pod of the image ${E2E.image} is admitted and starts.`,
    image: expect.stringMatching(/^ok \S+ has Node \d+\.\d+\.\d+\.$/) as string,
    store: 'ok Pods can list, get, put, put if absent, replace if match, delete and copy in file:/mnt/data.',
    'store clock': "ok The store's clock and the clock of the pods agree.",
    'store speed': expect.stringMatching(/^ok 100 puts of pods, ten at a time, took \d+ ms/) as string,
    clock: 'ok The clocks of this machine and the pods agree.',
  });
  expect(code).toBe(0);
  const { items } = await cluster.api.list(paths.jobs(cluster.namespace));
  expect(items).toEqual([]);
});

test('kt doctor - where there is nothing to deploy, only helpers, the rest is looked at', async () => {
  await using cluster = await testCluster('doctor');
  const dir = await makeProject({ 'pipelines/helpers.ts': 'export const half = (n: number) => n / 2;\n' });
  const { out, err, code } = await kt(dir, ['doctor', '--no-pod', ...cluster.args]);
  await rm(dir, { recursive: true, force: true });
  expect(err).toBe('');
  expect(out).toMatch(/^ok +your rights/m);
  expect(code).toBe(0);
});

test('kt doctor - for people it is a table, and below it what to do', async () => {
  await using cluster = await testCluster('doctor', { access: false });
  const { out, code } = await kt(project.dir, ['doctor', 'steps#plain', ...cluster.args]);
  expect(out).toMatch(/^ok +api +\S+ at https/m);
  expect(out).toMatch(/^problem +service account +There is no service account "kt-pod" in namespace/m);
  expect(out).toMatch(/^skipped +pod +Without its service account no pod starts\.$/m);
  expect(out).toContain(
    `  service account: kt deploy, or kt rbac -n ${cluster.namespace} | kubectl apply -f -`,
  );
  expect(out).toMatch(/1 problem\.\n$/);
  expect(code).toBe(3);
});

describe('kt doctor - the cluster and the namespace', () => {
  test('an API server that is not there is the one problem', async () => {
    const kubeconfig = await kubeconfigWith({ server: 'https://127.0.0.1:1' });
    const found = await findings(['--kubeconfig', kubeconfig, '-n', 'x', '--volume', 'host:/tmp'], 'plain');
    expectProblem(found, {
      check: 'api',
      says: /at https:\/\/127\.0\.0\.1:1 does not answer: .*ECONNREFUSED/,
      do: /kubectl cluster-info/,
    });
    expect(found.found).toHaveLength(1);
  });

  test('a namespace that is not there is told with how to make it', async () => {
    const found = await findings(
      ['--kubeconfig', E2E.kubeconfig, '-n', 'kt-e2e-nowhere', '--volume', 'host:/tmp'],
      'plain',
    );
    expectProblem(found, {
      check: 'namespace',
      says: 'There is no namespace "kt-e2e-nowhere".',
      do: 'kubectl create namespace kt-e2e-nowhere',
    });
  });
});

// The cluster has Kueue meanwhile: all that looks at it is in this file.
describe('kt doctor - queues', () => {
  test('a queue without Kueue is a problem', async () => {
    await using cluster = await testCluster('doctor');
    expectProblem(await findings(cluster.args, 'queued'), {
      check: 'kueue',
      says: 'Steps want the queue nightly, and Kueue is not installed.',
      do: 'Install Kueue, or take `queue` out of the steps.',
    });
  });

  test('a queue that Kueue does not have is a problem, and one that it has is not', async () => {
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
});

test('kt doctor - clocks that differ, and an image with an old Node', () => {
  expect(clockFinding(4000)).toMatchObject({ outcome: 'ok' });
  expect(clockFinding(90_000)).toMatchObject({
    outcome: 'problem',
    message: "The pods' clock is 90 s ahead of this machine's.",
  });
  expect(clockFinding(-61_000)).toMatchObject({
    outcome: 'problem',
    message: "The pods' clock is 61 s behind this machine's.",
  });
  expect(nodeFinding('20.19.0', 'app:1')).toMatchObject({ outcome: 'ok' });
  expect(nodeFinding('20.18.3', 'app:1')).toMatchObject({
    outcome: 'problem',
    message: expect.stringContaining('has Node 20.18.3') as string,
  });
});
