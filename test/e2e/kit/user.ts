/** Somebody with certain rights in the namespace of a test cluster. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KubeObject, paths, type Rule } from '@kube-transform/runtime/kubernetes';
import { onTestFinished, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { E2E, type TestCluster } from './cluster.js';

interface Kubeconfig {
  'current-context': string;
  contexts: { name: string; context: { cluster: string; user: string; namespace?: string } }[];
  clusters: { name: string; cluster: Record<string, unknown> }[];
}

/** A kubeconfig for the cluster of the tests, with some of it changed; gone after the test. */
export async function kubeconfigWith({ user, server }: { user?: object; server?: string }): Promise<string> {
  const given = parse(await readFile(E2E.kubeconfig, 'utf8')) as Kubeconfig & {
    users: { name: string; user: object }[];
  };
  const context = given.contexts.find(({ name }) => name === given['current-context']);
  const users =
    user === undefined
      ? given.users
      : given.users.map(one => (one.name === context?.context.user ? { ...one, user } : one));
  const clusters = given.clusters.map(one =>
    server === undefined ? one : { ...one, cluster: { ...one.cluster, server } },
  );
  const dir = await mkdtemp(join(tmpdir(), 'kt-user-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'kubeconfig');
  await writeFile(file, stringify({ ...given, users, clusters }));
  return file;
}

/** A kubeconfig of somebody who has these rights and no others. */
export async function userWith(
  { api, namespace, apply }: TestCluster,
  name: string,
  rules: readonly Rule[],
): Promise<string> {
  const group = 'rbac.authorization.k8s.io';
  const objects = [
    { kind: 'ServiceAccount', metadata: { name } },
    { kind: 'Role', apiVersion: `${group}/v1`, metadata: { name }, rules },
    {
      kind: 'RoleBinding',
      apiVersion: `${group}/v1`,
      metadata: { name },
      roleRef: { apiGroup: group, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  ];
  await apply(...(objects as KubeObject[]));
  const [rule] = rules;
  const resourceAttributes = {
    namespace,
    group: rule?.apiGroups[0],
    resource: rule?.resources[0],
    verb: rule?.verbs[0],
  };
  const spec = { user: `system:serviceaccount:${namespace}:${name}`, resourceAttributes };
  const may = async (): Promise<boolean> => {
    const review = await api.create<object>('/apis/authorization.k8s.io/v1/subjectaccessreviews', { spec });
    return (review as { status?: { allowed?: boolean } }).status?.allowed === true;
  };
  await vi.waitUntil(may, { timeout: 30_000, interval: 100 });
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 3600 },
  };
  const made = await api.create<typeof request & { status?: { token: string } }>(
    `${paths.serviceAccounts(namespace, name)}/token`,
    request,
  );
  return kubeconfigWith({ user: { token: made?.status?.token } });
}

/** Rules without one verb on one resource. */
export const without = (
  rules: readonly Rule[],
  { verb, resource }: { verb: string; resource: string },
): Rule[] =>
  rules.flatMap(rule => {
    if (!rule.resources.includes(resource)) return [rule];
    const others = rule.resources.filter(one => one !== resource);
    const verbs = rule.verbs.filter(one => one !== verb);
    return [
      ...(others.length > 0 ? [{ ...rule, resources: others }] : []),
      ...(verbs.length > 0 ? [{ ...rule, resources: [resource], verbs }] : []),
    ];
  });
