/** `kt doctor` on a cluster: rights that people and service accounts lack, by name and with what to do. */
import { describe, expect, test } from 'vitest';
import { accessObjects, CONTROLLER_RULES, type KubeObject } from '@kube-transform/runtime/kubernetes';
import type { Finding } from '../../../packages/cli/src/checks/finding.js';
import { kt } from '../../kit/kt.js';
import { testCluster } from '../kit/cluster.js';
import { userWith, without } from '../kit/user.js';
import { expectProblem, findings, problemsOf, project, withOptions, withProject } from './findings.js';

withProject();

describe('kt doctor - rights', () => {
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

  test('a verb that you lack is named', async () => {
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
    expect(skipped.sort()).toEqual(['file rights', 'namespace', 'nodes', 'pod']);
    // Rights of others cannot be asked for: the Role is read.
    expect(found.found).toContainEqual({
      check: 'controller rights',
      outcome: 'ok',
      message: 'The Role "kt-controller" has all that controllers do.',
    });
  });

  test('hardly any rights still give a report', async () => {
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
      message: expect.stringContaining('You may not create pods') as string,
    });
    expect(found.find(({ check }) => check === 'pod')?.message).toMatch(/may not create configmaps/);
    expect(code).toBe(3);
  });

  test("a verb that the controller's service account lacks is named", async () => {
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

  test('a service account that is missing is named', async () => {
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
