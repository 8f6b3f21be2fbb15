/** Where objects of a rendered server are made. */
import { type KubeObject, paths } from '@kube-transform/runtime/kubernetes';
import { expect } from 'vitest';
import type { TestCluster } from '../kit/cluster.js';

const PLACES: Record<string, (namespace: string) => string> = {
  ServiceAccount: paths.serviceAccounts,
  Role: paths.roles,
  RoleBinding: paths.roleBindings,
  ConfigMap: paths.configMaps,
  Service: paths.services,
  Deployment: namespace => `/apis/apps/v1/namespaces/${namespace}/deployments`,
  PodDisruptionBudget: namespace => `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`,
  NetworkPolicy: namespace => `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`,
};

/** Pod Security in its strictest form, as labels of a namespace. */
export const RESTRICTED: Record<string, string> = Object.fromEntries(
  ['enforce', 'warn', 'audit'].map(mode => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
);

/** Makes objects as they are; `dryRun`: only asks whether they can be made. */
export async function makeAll(
  { api, namespace }: TestCluster,
  objects: readonly KubeObject[],
  { dryRun = false } = {},
): Promise<void> {
  const query = { fieldValidation: 'Strict', ...(dryRun ? { dryRun: 'All' } : {}) };
  for (const object of objects)
    expect(await api.create(PLACES[object.kind ?? '']!(namespace), object, { query })).not.toBeNull();
}
