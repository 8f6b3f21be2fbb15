/**
 * `kt doctor` on a cluster: what is planted is found by name, with what to do; where nothing is wrong every
 * line says ok.
 */
import { chmod, rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { accessObjects, CONTROLLER_RULES, type KubeObject, paths } from '@kube-transform/runtime/kubernetes';
import type { Finding } from '../../packages/cli/src/checks/finding.js';
import { clockFinding, nodeFinding } from '../../packages/cli/src/doctor/probe.js';
import { kt, makeProject } from '../kit/kt.js';
import { claimOn } from './claim.js';
import { E2E, type TestCluster, testCluster } from './cluster.js';
import {
  expectProblem,
  findings,
  LEVELS,
  limits,
  object,
  problemsOf,
  project,
  quota,
  withOptions,
  withProject,
} from './findings.js';
import { kubeconfigWith, userWith, without } from './user.js';

withProject();

/** Quotas count a moment after they are made. */
async function counted({ api, namespace }: TestCluster): Promise<void> {
  type Counted = KubeObject & { status?: { hard?: object; used?: object } };
  await expect
    .poll(async () => (await api.get<Counted>(paths.resourceQuotas(namespace, 'team')))?.status?.used, {
      timeout: 30_000,
    })
    .toBeDefined();
}

test('where nothing is wrong every line says ok', async () => {
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
    'service account': 'ok "kt-pod".',
    'controller rights': 'ok "kt-pod" may do all that controllers do.',
    'pull secrets': 'ok None is named.',
    volume: expect.stringMatching(/^ok The claim "data" is (Bound|Pending)\.$/) as string,
    quota: 'ok The largest step fits into "team".',
    limits: 'ok Every step is within them.',
    nodes: expect.stringMatching(/^ok \d+ of \d+ take pods, and the largest step fits\.$/) as string,
    steps: 'ok The pods of all steps are admitted: 1.',
    kueue: 'ok Not installed, and no step wants a queue.',
    pod: `ok A pod of the image ${E2E.image} is admitted and starts.`,
    image: expect.stringMatching(/^ok \S+ has Node \d+\.\d+\.\d+\.$/) as string,
    store: 'ok Pods write to and read from file:/mnt/data.',
    clock: 'ok The clocks of this machine and the pods agree.',
  });
  expect(code).toBe(0);
  const { items } = await cluster.api.list(paths.jobs(cluster.namespace));
  expect(items).toEqual([]);
});

test('where there is nothing to deploy, only helpers, the rest is looked at', async () => {
  await using cluster = await testCluster('doctor');
  const dir = await makeProject({ 'pipelines/helpers.ts': 'export const half = (n: number) => n / 2;\n' });
  const { out, err, code } = await kt(dir, ['doctor', '--no-pod', ...cluster.args]);
  await rm(dir, { recursive: true, force: true });
  expect(err).toBe('');
  expect(out).toMatch(/^ok +your rights/m);
  expect(code).toBe(0);
});

test('for people it is a table, and below it what to do', async () => {
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

describe('the cluster and the namespace', () => {
  test('an API server that is not there', async () => {
    const kubeconfig = await kubeconfigWith({ server: 'https://127.0.0.1:1' });
    const found = await findings(['--kubeconfig', kubeconfig, '-n', 'x', '--volume', 'host:/tmp'], 'plain');
    expectProblem(found, {
      check: 'api',
      says: /at https:\/\/127\.0\.0\.1:1 does not answer: .*ECONNREFUSED/,
      do: /kubectl cluster-info/,
    });
    expect(found.found).toHaveLength(1);
  });

  test('a namespace that is not there', async () => {
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

describe('rights', () => {
  const MINE = [
    {
      apiGroups: [''],
      resources: [
        'configmaps',
        'serviceaccounts',
        'pods',
        'pods/log',
        'events',
        'resourcequotas',
        'limitranges',
      ],
      verbs: ['*'],
    },
    {
      apiGroups: ['batch', 'rbac.authorization.k8s.io'],
      resources: ['jobs', 'cronjobs', 'roles', 'rolebindings'],
      verbs: ['*'],
    },
  ];

  test('a verb that you lack', async () => {
    await using cluster = await testCluster('doctor');
    const most = [
      ...without(MINE, { verb: '*', resource: 'jobs' }),
      { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'watch', 'delete'] },
    ];
    const found = await findings(
      withOptions(cluster, { '--kubeconfig': await userWith(cluster, 'ann', most) }),
      'plain',
    );
    expectProblem(found, {
      check: 'your rights',
      says: `You may not deletecollection jobs.batch in namespace "${cluster.namespace}".`,
      do: 'Ask for a Role with these verbs, bound to you: kt rbac --for deployer prints one.',
    });
    // What one may not look at is said, and no problem.
    const skipped = found.found.filter(({ outcome }) => outcome === 'skipped').map(({ check }) => check);
    expect(skipped.sort()).toEqual(['namespace', 'nodes', 'pod']);
    // Rights of others cannot be asked for: the Role is read.
    expect(found.found).toContainEqual({
      check: 'controller rights',
      outcome: 'ok',
      message: 'The Role "kt-controller" has all that controllers do.',
    });
  });

  test('hardly any rights, and still a report', async () => {
    await using cluster = await testCluster('doctor');
    const kubeconfig = await userWith(cluster, 'bob', [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
    ]);
    const { out, err, code } = await kt(project.dir, [
      'doctor',
      'steps#plain',
      ...withOptions(cluster, { '--kubeconfig': kubeconfig }),
      '--json',
    ]);
    expect(err).toBe('');
    const found = JSON.parse(out) as Finding[];
    expect(problemsOf(found).map(({ check }) => check)).toEqual(['your rights']);
    expect(found.find(({ check }) => check === 'steps')).toMatchObject({
      outcome: 'skipped',
      message: expect.stringContaining('You may not make pods') as string,
    });
    expect(found.find(({ check }) => check === 'pod')?.message).toMatch(/may not create configmaps/);
    expect(code).toBe(3);
  });

  test("a verb that the controller's service account lacks", async () => {
    await using cluster = await testCluster('doctor', { access: false });
    const [account, role, binding] = accessObjects({
      namespace: cluster.namespace,
      serviceAccount: 'kt-pod',
    }) as [KubeObject, KubeObject, KubeObject];
    const rules = without(CONTROLLER_RULES, { verb: 'patch', resource: 'jobs' });
    await cluster.apply(account, { ...role, rules } as KubeObject, binding);
    const wanted = { check: 'controller rights', do: `kt rbac -n ${cluster.namespace} | kubectl apply -f -` };
    const may = async (): Promise<string | undefined> =>
      problemsOf((await findings(cluster.args, 'plain')).found)[0]?.message;
    // The authorizer learns of a new Role a moment later.
    await expect.poll(may, { timeout: 20_000 }).toBe('"kt-pod" may not patch jobs.batch.');
    expectProblem(await findings(cluster.args, 'plain'), {
      ...wanted,
      says: '"kt-pod" may not patch jobs.batch.',
    });
    // The same for somebody who may only read the Role.
    const kubeconfig = await userWith(cluster, 'cy', MINE);
    const found = await findings(withOptions(cluster, { '--kubeconfig': kubeconfig }), 'plain');
    expectProblem(found, { ...wanted, says: 'The Role "kt-controller" lacks patch jobs.batch.' });
  });

  test('a service account that is missing', async () => {
    await using cluster = await testCluster('doctor');
    const found = await findings([...cluster.args, '--service-account', 'runner'], 'plain', 'pod');
    expect(problemsOf(found.found)[0]).toMatchObject({
      check: 'service account',
      message: `There is no service account "runner" in namespace "${cluster.namespace}".`,
      remedy: expect.stringContaining(
        `kt rbac -n ${cluster.namespace} --service-account runner | kubectl apply -f -`,
      ) as string,
    });
    expect(found.code).toBe(3);
  });
});

describe('room', () => {
  test('a quota that is too small', async () => {
    await using cluster = await testCluster('doctor');
    await cluster.apply(quota({ 'requests.memory': '1Gi' }));
    await counted(cluster);
    expectProblem(await findings(cluster.args, 'wide'), {
      check: 'quota',
      says: 'The quota "team" leaves 1Gi of requests.memory (1Gi in all), and wide.work with the controller needs 3.1Gi.',
      do: 'Raise the quota, ask for less in the step',
    });
  });

  test('a quota on CPU limits, which a LimitRange may give', async () => {
    await using cluster = await testCluster('doctor');
    await cluster.apply(quota({ 'limits.cpu': '4' }));
    await counted(cluster);
    expectProblem(await findings(cluster.args, 'plain'), {
      check: 'quota',
      says: 'The quota "team" wants a limit on CPU, which pods of runs do not have.',
      do: 'LimitRange with a default limit on CPU',
    });
    await cluster.apply(limits({ default: { cpu: '1' } }));
    await expect
      .poll(async () => problemsOf((await findings(cluster.args, 'plain')).found), { timeout: 20_000 })
      .toEqual([]);
  });

  test('a LimitRange whose maximum is below what a step asks for', async () => {
    await using cluster = await testCluster('doctor');
    await cluster.apply(limits({ max: { memory: '1Gi' } }));
    expectProblem(await findings(cluster.args, 'wide'), {
      check: 'limits',
      says: 'The LimitRange "sizes" does not admit wide.work: memory 3.3Gi > 1Gi.',
      do: 'Change what the step asks for, or the LimitRange.',
    });
  });

  test('a step that is larger than every node', async () => {
    await using cluster = await testCluster('doctor');
    expectProblem(await findings(cluster.args, 'huge'), {
      check: 'nodes',
      says: /No node has room for huge\.work, which asks for 500 CPU, 900Gi; the largest has \d/,
      do: 'Ask for less in the step, or give the cluster a larger node.',
    });
  });
});

describe('image and store', () => {
  test('an image that cannot be pulled', async () => {
    await using cluster = await testCluster('doctor');
    const found = await findings(
      withOptions(cluster, { '--image': 'nobody.example/none:1' }),
      'plain',
      'pod',
    );
    expectProblem(found, {
      check: 'pod',
      says: /does not start, because .*nobody\.example\/none:1.*not found/,
      do: /Correct the name or tag of the image/,
    });
  });

  test('an image of a step that cannot be pulled', async () => {
    await using cluster = await testCluster('doctor');
    const found = await findings(cluster.args, 'pictured', 'pod');
    expectProblem(found, {
      check: 'pod',
      says: /does not start, because .*nobody\.example\/step:2.*not found/,
      do: /kubernetes\.image of the step/,
    });
    expect(found.found.filter(({ check }) => check === 'store')).toMatchObject([{ outcome: 'ok' }]);
  });

  test('a volume that a restricted namespace does not admit', async () => {
    await using cluster = await testCluster('doctor', { labels: LEVELS });
    const found = await findings(cluster.args, 'plain', 'pod');
    const [steps, pod] = problemsOf(found.found);
    expect(steps?.message).toMatch(
      /^The pods of plain\.work are not admitted: violates PodSecurity .*hostPath/,
    );
    expect(pod?.message).toMatch(/^A pod of a run is not admitted: violates PodSecurity .*hostPath/);
    expect(pod?.remedy).toMatch(/a pvc: volume does not/);
    expect(found.code).toBe(3);
  });

  test('a store that pods may not write to', async () => {
    await using cluster = await testCluster('doctor');
    await chmod(cluster.dir, 0o755);
    expectProblem(await findings(cluster.args, 'plain', 'pod'), {
      check: 'store',
      says: /Pods cannot use the store file:\/mnt\/data: .*(EACCES|may not|permission)/,
      do: 'may user 65532 write to it?',
    });
  });

  test('a claim that is not there', async () => {
    await using cluster = await testCluster('doctor');
    const found = await findings(withOptions(cluster, { '--volume': 'pvc:data' }), 'plain', 'pod');
    expectProblem(found, {
      check: 'volume',
      says: /There is no claim "data"/,
      do: /Make a PersistentVolumeClaim of that name/,
    });
    expect(found.found.at(-1)).toMatchObject({ check: 'pod', outcome: 'skipped' });
  });

  test('a claim of a storage class that is not there', async () => {
    await using cluster = await testCluster('doctor');
    const spec = {
      accessModes: ['ReadWriteMany'],
      storageClassName: 'fast',
      resources: { requests: { storage: '1Gi' } },
    };
    await cluster.apply(object('PersistentVolumeClaim', 'data', { apiVersion: 'v1', spec }));
    expectProblem(await findings(withOptions(cluster, { '--volume': 'pvc:data' }), 'plain', 'pod'), {
      check: 'volume',
      says: 'The claim "data" wants the storage class "fast", which does not exist.',
      do: '`kubectl get storageclasses` lists those that do',
    });
  });
});

test('clocks that differ, and an image with an old Node', () => {
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
