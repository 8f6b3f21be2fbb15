import { collect } from '../../../../../test/kit/collect.js';
import { errorOf, KubeBench } from '../../../../../test/kit/kube-bench.js';
import { type KubeServer, statusBody } from '../../../../../test/kit/kube-server.js';
import { beforeEach, describe, expect, test } from 'vitest';
import { paths, parsePath } from './paths.js';
import type { KubeError } from '@kube-transform/runtime/kubernetes';
import type { KubeObject } from './objects.js';

const bench = new KubeBench();
const jobs = paths.jobs('ns');
let server: KubeServer;
const api: KubeBench['api'] = (...given) => bench.api(...given);
beforeEach(() => {
  ({ server } = bench);
});

describe('refusals', () => {
  const refusal = async (
    status: number,
    reason: string,
    message: string,
    more: object = {},
  ): Promise<KubeError> => {
    server.on(/./, { status, body: statusBody(status, reason, message, more) }, 1);
    return errorOf(api({ retryForMs: 0 }).create<KubeObject>(jobs, { metadata: { name: 'j' } }));
  };

  test('403 says what is missing', async () => {
    const user = 'system:serviceaccount:ns:kt';
    const message = `jobs.batch is forbidden: User "${user}" cannot create resource "jobs" in API group "batch" in the namespace "ns"`;
    const error = await refusal(403, 'Forbidden', message);
    expect(error.problems).toEqual([
      {
        code: 'CLUSTER_FORBIDDEN',
        path: 'POST jobs/j',
        message: `"${user}" may not create jobs in namespace "ns" of the cluster "test".`,
        hint: 'A Role with the rule {apiGroups: ["batch"], resources: ["jobs"], verbs: ["create"]} and a binding to it are needed.',
      },
    ]);
  });

  test('403 without a word still names verb, resource and namespace', async () => {
    expect((await refusal(403, 'Forbidden', 'no')).message).toMatch(
      /may not create jobs in namespace "ns".*verbs: \["create"\]/,
    );
    server.on(/./, { status: 403, body: 'no' });
    expect((await errorOf(api().list(jobs))).message).toMatch(/may not list jobs/);
    expect((await errorOf(collect(api().stream(jobs, { query: { watch: true } })))).message).toMatch(
      /may not watch jobs/,
    );
    expect((await errorOf(api().deleteAll(jobs, { labelSelector: 'a=b' }))).message).toMatch(
      /may not deletecollection jobs/,
    );
    expect((await errorOf(collect(api().stream(paths.podLog('ns', 'p'))))).message).toMatch(
      /may not get pods\/log/,
    );
  });

  test('403 of a quota or a policy is not a missing role', async () => {
    const quota = await refusal(
      403,
      'Forbidden',
      'pods "p" is forbidden: exceeded quota: q, requested: pods=1, used: pods=5, limited: pods=5',
    );
    expect(quota).toMatchObject({ code: 'CLUSTER_REFUSED', status: 403 });
    expect(
      (await refusal(403, 'Forbidden', 'pods "p" is forbidden: violates PodSecurity "restricted:latest": x'))
        .code,
    ).toBe('CLUSTER_REFUSED');
    const ending =
      'configmaps "c" is forbidden: unable to create new content in namespace ns because it is being terminated';
    expect((await refusal(403, 'Forbidden', ending)).message).toMatch(/namespace is being deleted/);
  });

  test('422 names every field', async () => {
    const causes = [
      { field: 'spec.completions', message: 'Required value', reason: 'FieldValueRequired' },
      { field: 'spec.parallelism', message: 'Invalid value: -1', reason: 'FieldValueInvalid' },
    ];
    const error = await refusal(422, 'Invalid', 'Job.batch "j" is invalid', { details: { causes } });
    expect(error).toMatchObject({ code: 'CLUSTER_REFUSED', status: 422, reason: 'Invalid' });
    expect(error.problems.map(problem => problem.message)).toEqual([
      'The cluster does not accept spec.completions: Required value',
      'The cluster does not accept spec.parallelism: Invalid value: -1',
    ]);
  });

  test('a namespace that is missing is said with how to make it', async () => {
    const error = await refusal(404, 'NotFound', 'namespaces "nsx" not found');
    expect(error).toMatchObject({ code: 'NAMESPACE_MISSING', status: 404 });
    expect(error.message).toContain('kubectl create namespace nsx');
  });

  test('other answers keep their status and reason', async () => {
    expect(await refusal(409, 'Conflict', 'x')).toMatchObject({
      code: 'CLUSTER_REFUSED',
      status: 409,
      reason: 'Conflict',
    });
    expect(
      await refusal(503, 'ServiceUnavailable', 'x', { details: { retryAfterSeconds: 3 } }),
    ).toMatchObject({
      code: 'CLUSTER_FAILED',
      retryAfterMs: 3000,
    });
    expect(await refusal(429, 'TooManyRequests', 'x')).toMatchObject({ code: 'CLUSTER_BUSY' });
    server.on(/./, { status: 502, body: '<html><h1>Bad Gateway</h1></html>' });
    expect((await errorOf(api({ retryForMs: 0 }).get(jobs))).message).toMatch(/answered 502: Bad Gateway\./);
  });
});

test('parsePath reads paths', () => {
  expect(parsePath(paths.version)).toEqual({ group: '', resource: 'version' });
  expect(parsePath(paths.jobs('a b'))).toEqual({ group: 'batch', resource: 'jobs', namespace: 'a b' });
  expect(parsePath(paths.podLog('ns', 'p'))).toEqual({
    group: '',
    resource: 'pods/log',
    namespace: 'ns',
    name: 'p',
  });
  expect(parsePath(paths.namespaces('ns'))).toEqual({ group: '', resource: 'namespaces', name: 'ns' });
  expect(parsePath(paths.selfSubjectAccessReviews)).toEqual({
    group: 'authorization.k8s.io',
    resource: 'selfsubjectaccessreviews',
  });
});
