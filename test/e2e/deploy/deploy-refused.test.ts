/** What stops `kt deploy` before it begins: admission, quotas, and what else is looked at first. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessObjects, type KubeObject, LABEL, paths } from '@kube-transform/runtime/kubernetes';
import { preflight, preflightError } from '../../../packages/cli/src/checks/preflight.js';
import { openCluster } from '../../../packages/cli/src/cluster/connect.js';
import { kt } from '../../kit/kt.js';
import { type TestCluster, testCluster } from '../kit/cluster.js';
import { NOON, objects, projectOf, source } from './nightly.js';

let dir: string;
beforeAll(async () => {
  dir = await projectOf(source(2, NOON));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('a step that the namespace does not admit stops a deployment before it begins', async () => {
  await using fresh = await testCluster('deploy', {
    labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
  });
  const { err, code } = await kt(dir, ['deploy', ...fresh.args]);
  expect(err).toMatch(
    /^error PREFLIGHT_FAILED {2}steps: The pods of nightly\.times are not admitted: violates PodSecurity "restricted:latest": .*hostPath/,
  );
  expect(err).toMatch(/a pvc: volume does not/);
  expect(code).toBe(3);
  expect(Object.keys(await objects(fresh))).toHaveLength(3);
});

describe('a quota', () => {
  const quota = (cpu: string): KubeObject =>
    ({
      kind: 'ResourceQuota',
      metadata: { name: 'team' },
      spec: { hard: { 'requests.cpu': cpu } },
    }) as KubeObject;
  const isCounted = async ({ api, namespace }: TestCluster, used: string): Promise<void> => {
    type Quota = KubeObject & { status?: { used?: Record<string, string> } };
    const usedNow = async (): Promise<string | undefined> =>
      (await api.get<Quota>(paths.resourceQuotas(namespace, 'team')))?.status?.used?.['requests.cpu'];
    await expect.poll(usedNow, { timeout: 30_000 }).toBe(used);
  };

  test('that is too small for a step stops a deployment before it begins', async () => {
    await using fresh = await testCluster('deploy', { access: false });
    await fresh.apply(quota('100m'));
    await isCounted(fresh, '0');
    const { out, err, code } = await kt(dir, ['deploy', ...fresh.args]);
    expect(out).toBe('');
    expect(err).toMatch(
      /^error PREFLIGHT_FAILED {2}quota: The quota "team" leaves 0\.1 of requests\.cpu \(100m in all\), and nightly\.times with the controller/,
    );
    expect(code).toBe(3);
    expect(await objects(fresh)).toEqual({});
  });

  test('that others use up now is no reason not to deploy', async () => {
    await using fresh = await testCluster('deploy');
    await fresh.apply(quota('200m'));
    await isCounted(fresh, '0');
    const container = { name: 'main', image: fresh.settings.image, resources: { requests: { cpu: '150m' } } };
    const spec = { nodeSelector: { 'kt.dev/none': 'none' }, containers: [container] };
    const labels = { [LABEL.managedBy]: 'kt' };
    await fresh.api.create(paths.pods(fresh.namespace), { metadata: { name: 'other', labels }, spec });
    await isCounted(fresh, '150m');
    expect((await kt(dir, ['deploy', ...fresh.args])).code).toBe(0);
    const looked = await kt(dir, ['doctor', ...fresh.args, '--no-pod']);
    expect(looked.out).toMatch(/^problem +quota +The quota "team" leaves 0\.05 of requests\.cpu/m);
    expect(looked.code).toBe(3);
  });
});

test('preflight says what keeps runs from working, without starting anything', async () => {
  await using fresh = await testCluster('deploy');
  const api = await openCluster({ kubeconfig: fresh.args[3] ?? '', namespace: 'kt-e2e-nowhere' });
  expect(preflightError(await preflight(api, { settings: fresh.settings, steps: [] }))?.problems).toEqual([
    {
      code: 'PREFLIGHT_FAILED',
      path: 'namespace',
      message: 'There is no namespace "kt-e2e-nowhere".',
      hint: 'kubectl create namespace kt-e2e-nowhere',
    },
  ]);
  const before = fresh.api.requests;
  expect(preflightError(await preflight(fresh.api, { settings: fresh.settings, steps: [] }))).toBeUndefined();
  expect(fresh.api.requests - before).toBeLessThanOrEqual(8);
  expect(accessObjects({ namespace: 'x', serviceAccount: 'y' })).toHaveLength(3);
  api.close();
});
