/** The rights that runs need: those of the controller; workers need none. Pure. */
import type { KubeObject } from '../api/objects.js';

/** A rule of a Role. */
export interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/** What a controller does, verb by verb. Taking one away breaks something that a test shows. */
export const CONTROLLER_RULES: readonly Rule[] = [
  // Waves are made, adopted and followed (list, watch), given their share of pods (patch) and deleted.
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'list', 'watch', 'patch', 'delete'] },
  // Failed pods are followed; those that succeeded are deleted while a large Job goes on. Pods of container
  // steps are told what they run (patch), and what they print is read.
  { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch', 'patch', 'deletecollection'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  // The run's own ConfigMap is followed for the flag of `kt cancel`, and holds the summary; those of
  // scheduled runs are made.
  { apiGroups: [''], resources: ['configmaps'], verbs: ['create', 'list', 'watch', 'patch'] },
  // Why pods do not start.
  { apiGroups: [''], resources: ['events'], verbs: ['list'] },
];

/** Service account, Role and RoleBinding of a namespace in which runs are to work. */
export function accessObjects({
  namespace,
  serviceAccount,
}: {
  namespace: string;
  serviceAccount: string;
}): KubeObject[] {
  const labels = { 'app.kubernetes.io/managed-by': 'kt' };
  const rbac = 'rbac.authorization.k8s.io';
  const role = {
    apiVersion: `${rbac}/v1`,
    kind: 'Role',
    metadata: { name: 'kt-controller', namespace, labels },
    rules: CONTROLLER_RULES,
  };
  const binding = {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: { name: 'kt-controller', namespace, labels },
    roleRef: { apiGroup: rbac, kind: 'Role', name: 'kt-controller' },
    subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace }],
  };
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: serviceAccount, namespace, labels },
    automountServiceAccountToken: false,
  };
  return [account, role, binding];
}
