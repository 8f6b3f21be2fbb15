/**
 * Makes the Role of people who deploy and run pipelines in a namespace where `kt rbac` was applied once.
 * Pure.
 */
import type { KubeObject, Rule } from '@kube-transform/runtime/kubernetes';
import { CLAIM_RULES, DEBUG_RULES, DEPLOY_RULES, FILES_RULES, RUN_RULES } from '../checks/rights.js';

/** Each resource once, with all verbs. */
export function deployerRole(namespace: string): KubeObject & { rules: Rule[] } {
  const rules = new Map<string, Rule>();
  for (const { apiGroups, resources, verbs } of [
    ...RUN_RULES,
    ...DEPLOY_RULES,
    ...CLAIM_RULES,
    ...FILES_RULES,
    ...DEBUG_RULES,
  ]) {
    for (const resource of resources) {
      const known = rules.get(resource) ?? { apiGroups, resources: [resource], verbs: [] };
      rules.set(resource, { ...known, verbs: [...new Set([...known.verbs, ...verbs])] });
    }
  }
  const metadata = { name: 'kt-deployer', namespace, labels: { 'app.kubernetes.io/managed-by': 'kt' } };
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata, rules: [...rules.values()] };
}
