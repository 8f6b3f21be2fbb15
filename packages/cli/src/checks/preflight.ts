/** Asks, before `kt deploy` applies anything, what would keep it or runs from working, all at once. */
import { type ClaimConfig, KtError, omitUndefined } from '@kube-transform/sdk';
import {
  accessObjects,
  type ClusterSettings,
  type KubeApi,
  type KubeObject,
  type Rule,
} from '@kube-transform/runtime/kubernetes';
import { includes, objectPath } from '../cluster/apply-objects.js';
import { claimFindings } from './claim-checks.js';
import { namespaceFindings, quotaAndLimitFindings } from './cluster-checks.js';
import { type Finding, fine, lacksRight, looked } from './finding.js';
import { demandsOf } from './plan-checks.js';
import {
  ACCESS_RULES,
  allows,
  CLAIM_RULES,
  DEPLOY_RULES,
  missingRights,
  type Right,
  rightsDenied,
  rightsOf,
  rightText,
} from './rights.js';
import { type PlannedStep, stepFindings } from './step-checks.js';

const RULES_REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';

interface RulesReview {
  apiVersion: string;
  kind: string;
  spec: { namespace: string };
  status?: { resourceRules?: Rule[]; incomplete?: boolean };
}

/** What is to be deployed. */
interface Plan {
  settings: ClusterSettings;
  /** What needs none of them is looked at before they are there. */
  steps: readonly PlannedStep[] | Promise<readonly PlannedStep[]>;
  /** What is to be made. */
  claim?: ClaimConfig | undefined;
}

/**
 * Looks at the namespace, your rights, quotas, limits, and whether pods of steps are admitted; starts
 * nothing. All is asked for at once.
 */
export async function preflight(api: KubeApi, { settings, steps, claim }: Plan): Promise<Finding[]> {
  const planned = Promise.resolve(steps);
  const found = await Promise.all([
    namespaceFindings(api),
    looked('your rights', () => deployRights(api, { settings, claims: claim !== undefined })),
    // What runs now is no reason not to deploy.
    quotaAndLimitFindings(api, planned.then(demandsOf), { idle: true }),
    planned.then(steps => stepFindings(api, { settings, steps })),
    ...(claim === undefined ? [] : [looked('volume', () => claimFindings(api, settings, claim))]),
  ]);
  // Who has no rights where there is no namespace learns of the namespace.
  const [namespace, ...rest] = found;
  return namespace.some(({ outcome }) => outcome === 'problem') ? namespace : [...namespace, ...rest.flat()];
}

/** What was found as an error; undefined where nothing is in the way. */
export function preflightError(findings: readonly Finding[]): KtError | undefined {
  const problems = findings
    .filter(({ outcome }) => outcome === 'problem')
    .map(({ check, message, remedy }) =>
      omitUndefined({ code: 'PREFLIGHT_FAILED', path: check, message, hint: remedy }),
    );
  return problems.length === 0 ? undefined : new KtError(problems);
}

/** What you may do, as far as `kt deploy` needs it. */
async function deployRights(
  api: KubeApi,
  { settings, claims }: { settings: ClusterSettings; claims: boolean },
): Promise<Finding[]> {
  const review: RulesReview = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectRulesReview',
    spec: { namespace: api.namespace },
  };
  const [answer, isReady] = await Promise.all([api.create(RULES_REVIEWS, review), hasAccess(api, settings)]);
  const { resourceRules = [], incomplete = false } = answer?.status ?? {};
  const unlisted = rightsOf([
    ...DEPLOY_RULES,
    ...(isReady ? [] : ACCESS_RULES),
    ...(claims ? CLAIM_RULES : []),
  ]).filter(right => !may(resourceRules, right));
  // Some clusters do not list all that they allow.
  const missing = incomplete ? await rightsDenied(api, unlisted) : unlisted.map(rightText).sort();
  return [
    missing.length === 0
      ? fine('your rights', 'You may do all that kt deploy does.')
      : missingRights(api, missing),
  ];
}

/** Rights to give are held, or one may give what one does not hold. */
function may(rules: readonly Rule[], right: Right): boolean {
  if (allows(rules, right)) return true;
  if (
    rightsOf(DEPLOY_RULES).some(other => rightText(other) === rightText(right)) ||
    right.group.startsWith('rbac')
  )
    return false;
  const role = { group: 'rbac.authorization.k8s.io', resource: 'roles' };
  return (
    right.resource !== 'serviceaccounts' &&
    allows(rules, { ...role, verb: 'escalate' }) &&
    allows(rules, { ...role, verb: 'bind' })
  );
}

/** Whether service account, Role and binding are there as they should be; then they stay as they are. */
async function hasAccess(api: KubeApi, { serviceAccount }: ClusterSettings): Promise<boolean> {
  const objects = accessObjects({ namespace: api.namespace, serviceAccount });
  const found = await Promise.all(
    objects.map(async object => {
      try {
        return includes(await api.get<KubeObject>(objectPath(object)), object);
      } catch (error) {
        if (!lacksRight(error)) throw error;
        return true;
      }
    }),
  );
  return found.every(Boolean);
}
