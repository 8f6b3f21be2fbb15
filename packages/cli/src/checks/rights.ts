/** Says which rights are needed by whom, verb by verb, and checks whether they are there. */
import {
  accessObjects,
  CONTROLLER_RULES,
  isKubeError,
  type KubeApi,
  type KubeObject,
  paths,
  type Rule,
} from '@kube-transform/runtime/kubernetes';
import { type Finding, fine, problem, skipped } from './finding.js';
import { shellWord } from '../terminal/plain-text.js';

/** What `kt deploy` needs where service account and Role are there. */
export const DEPLOY_RULES: readonly Rule[] = [
  { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'create', 'patch', 'delete'] },
  { apiGroups: ['batch'], resources: ['cronjobs'], verbs: ['get', 'list', 'create', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get'] },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['get'] },
];

/** What it needs besides to make these; and it can only give rights that it has. */
export const ACCESS_RULES: readonly Rule[] = [
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['create', 'patch'] },
  {
    apiGroups: ['rbac.authorization.k8s.io'],
    resources: ['roles', 'rolebindings'],
    verbs: ['create', 'patch'],
  },
  ...CONTROLLER_RULES,
];

/** What it needs besides where a context says how large a claim is to be. */
export const CLAIM_RULES: readonly Rule[] = [
  { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['get', 'create', 'patch'] },
];

/** What other commands of `kt` need: to submit, follow, read, cancel, retry and collect runs. */
export const RUN_RULES: readonly Rule[] = [
  {
    apiGroups: [''],
    resources: ['configmaps'],
    verbs: ['create', 'get', 'list', 'watch', 'patch', 'delete'],
  },
  {
    apiGroups: ['batch'],
    resources: ['jobs'],
    verbs: ['create', 'get', 'list', 'watch', 'delete', 'deletecollection'],
  },
  { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['pods', 'events'], verbs: ['list'] },
  // Logs that are followed.
  { apiGroups: [''], resources: ['pods'], verbs: ['watch'] },
];

/** What `kt files` needs besides for volumes: it begins a process in a pod that has one. */
export const FILES_RULES: readonly Rule[] = [
  { apiGroups: [''], resources: ['pods/exec'], verbs: ['get', 'create'] },
];

/** What `kubectl` needs besides to get into the pod of `kt debug`, and to reach a debugger in it. */
export const DEBUG_RULES: readonly Rule[] = [
  { apiGroups: [''], resources: ['pods/exec', 'pods/portforward'], verbs: ['get', 'create'] },
];

/** One verb on one resource. */
export interface Right {
  group: string;
  resource: string;
  verb: string;
}

/** Each once. */
export function rightsOf(rules: readonly Rule[]): Right[] {
  const all = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap(group => resources.flatMap(resource => verbs.map(verb => ({ group, resource, verb })))),
  );
  return [...new Map(all.map(right => [rightText(right), right])).values()];
}

/** `create jobs.batch`. */
export const rightText = ({ group, resource, verb }: Right): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}`;

interface Review {
  apiVersion: string;
  kind: string;
  metadata?: { namespace: string };
  spec: object;
  status?: { allowed?: boolean };
}

/** The rights that a review denies. */
async function denied(
  api: KubeApi,
  rights: readonly Right[],
  { path, ...review }: Review & { path: string },
): Promise<string[]> {
  const answers = await Promise.all(
    rights.map(async right => {
      const [resource = '', subresource] = right.resource.split('/');
      const resourceAttributes = {
        namespace: api.namespace,
        group: right.group,
        resource,
        subresource,
        verb: right.verb,
      };
      const answer = await api.create<Review>(path, {
        ...review,
        spec: { ...review.spec, resourceAttributes },
      });
      return answer?.status?.allowed === true ? [] : [rightText(right)];
    }),
  );
  return answers.flat().sort();
}

const AUTHORIZATION = 'authorization.k8s.io/v1';

/** Which of these rights you lack, asked one by one; as texts. */
export const rightsDenied = (api: KubeApi, rights: readonly Right[]): Promise<string[]> =>
  denied(api, rights, {
    apiVersion: AUTHORIZATION,
    kind: 'SelfSubjectAccessReview',
    path: paths.selfSubjectAccessReviews,
    spec: {},
  });

/** What you may do. */
export async function myRights(api: KubeApi): Promise<Finding[]> {
  const missing = await rightsDenied(api, rightsOf([...RUN_RULES, ...DEPLOY_RULES]));
  return [
    missing.length === 0 ? fine('your rights', 'You may do all that kt does.') : missingRights(api, missing),
  ];
}

/** What you may do with files of a volume; runs do without. */
export async function fileRights(api: KubeApi): Promise<Finding[]> {
  const missing = await rightsDenied(api, rightsOf(FILES_RULES));
  return [
    missing.length === 0
      ? fine('file rights', 'kt files may begin a process in a pod that has the volume.')
      : skipped(
          'file rights',
          `You may not ${missing.join(', ')}, which kt files needs for volumes: kt rbac --for deployer prints a Role.`,
        ),
  ];
}

/** @param missing texts of rights. */
export const missingRights = (
  { namespace }: Pick<KubeApi, 'namespace'>,
  missing: readonly string[],
): Finding =>
  problem(
    'your rights',
    `You may not ${missing.join(', ')} in namespace "${namespace}".`,
    'Ask for a Role with these verbs, bound to you: kt rbac --for deployer prints one.',
  );

/** What the controller may do. */
export async function controllerRights(api: KubeApi, serviceAccount: string): Promise<Finding[]> {
  const { namespace } = api;
  const account = await api.get<KubeObject>(paths.serviceAccounts(namespace, serviceAccount));
  const remedy = `kt deploy, or kt rbac -n ${shellWord(namespace)}${serviceAccount === 'kt-pod' ? '' : ` --service-account ${shellWord(serviceAccount)}`} | kubectl apply -f -`;
  if (account === null)
    return [
      problem(
        'service account',
        `There is no service account "${serviceAccount}" in namespace "${namespace}".`,
        remedy,
      ),
    ];
  const found = fine('service account', `"${serviceAccount}".`);
  try {
    const missing = await denied(api, rightsOf(CONTROLLER_RULES), {
      ...{ apiVersion: AUTHORIZATION, kind: 'LocalSubjectAccessReview', metadata: { namespace } },
      path: paths.localSubjectAccessReviews(namespace),
      spec: { user: `system:serviceaccount:${namespace}:${serviceAccount}` },
    });
    if (missing.length === 0)
      return [found, fine('controller rights', `"${serviceAccount}" may do all that controllers do.`)];
    return [
      found,
      problem('controller rights', `"${serviceAccount}" may not ${missing.join(', ')}.`, remedy),
    ];
  } catch (error) {
    if (!isKubeError(error, 403)) throw error;
    return [found, await roleAsItShouldBe(api, { serviceAccount, remedy })];
  }
}

/** Whether the Role is as `kt rbac` prints it, where rights of others cannot be asked for. */
async function roleAsItShouldBe(
  api: KubeApi,
  { serviceAccount, remedy }: { serviceAccount: string; remedy: string },
): Promise<Finding> {
  const wanted = accessObjects({ namespace: api.namespace, serviceAccount })[1] as KubeObject & {
    rules?: readonly Rule[];
  };
  const { name } = wanted.metadata;
  const role = await api.get<typeof wanted>(paths.roles(api.namespace, name));
  if (role === null) return problem('controller rights', `There is no Role "${name}".`, remedy);
  const missing = rightsOf(wanted.rules ?? []).filter(right => !allows(role.rules ?? [], right));
  if (missing.length === 0)
    return fine('controller rights', `The Role "${name}" has all that controllers do.`);
  return problem(
    'controller rights',
    `The Role "${name}" lacks ${missing.map(rightText).sort().join(', ')}.`,
    remedy,
  );
}

/** Whether rules give a right on all objects of its kind. */
export function allows(
  rules: readonly (Rule & { resourceNames?: string[] })[],
  { group, resource, verb }: Right,
): boolean {
  const has = (given: readonly string[], wanted: string): boolean =>
    given.includes(wanted) || given.includes('*');
  const [, part] = resource.split('/');
  return rules.some(
    ({ apiGroups, resources, verbs, resourceNames = [] }) =>
      resourceNames.length === 0 &&
      has(apiGroups, group) &&
      has(verbs, verb) &&
      (has(resources, resource) || (part !== undefined && resources.includes(`*/${part}`))),
  );
}
