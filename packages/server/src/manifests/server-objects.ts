/** What runs a server in a cluster, as objects. Pure. */
import type { KubeObject } from '@kube-transform/runtime/kubernetes';
import { omitUndefined } from '@kube-transform/sdk';
import {
  configMap,
  DEFINITIONS_DIR,
  type DefinitionObjects,
  definitionObjects,
  type Manifest,
  type PlannedDefinition,
} from './definition-objects.js';
import { EXAMPLES } from './example-definitions.js';

/** How a server is set up. */
export interface ServerPlan {
  /** Where the server is, and where its Jobs are. */
  namespace: string;
  /** An image with Node and `kt`. */
  image: string;
  /** The value of the label by which its Jobs are known. Default `kt-server`. */
  signature?: string;
  /** Default 2. */
  replicas?: number;
  /** A Secret with the key `tokens.yaml`: who may ask. Default: everybody whom the NetworkPolicy lets. */
  tokensSecret?: string;
  /** Images that Jobs may use, by commas. Default: all. */
  allowedImages?: string;
  /** Service accounts that pods of Jobs may have, by commas. Default `default`. */
  allowedServiceAccounts?: string;
  /** Default: the four examples of k8s-jobs. */
  definitions?: readonly PlannedDefinition[];
  /** Other variables of the server, and of its Node. */
  env?: Readonly<Record<string, string>>;
}

const NAME = 'job-server';
const PORT = 5000;
const USER = 65_532;
const HEARD_MS = 5000;
const LABELS = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/component': 'server' };
const TOKENS = '/etc/job-server/tokens';

/** Each verb is one that the server uses. */
export const SERVER_RULES = [
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'patch', 'delete'] },
  { apiGroups: ['batch'], resources: ['jobs/status'], verbs: ['get'] },
  { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  // Why a job waits.
  { apiGroups: [''], resources: ['events'], verbs: ['list'] },
];

/** The objects, in the order in which they are applied. */
export function serverObjects(plan: ServerPlan): KubeObject[] {
  const { namespace } = plan;
  const meta = (name: string): KubeObject['metadata'] => ({ name, namespace, labels: LABELS });
  const definitions = definitionObjects(plan.definitions ?? EXAMPLES.definitions(namespace), meta);
  const { [namespace]: own = [], ...elsewhere } = Object.fromEntries(definitions.read);
  const objects: Manifest[] = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta(NAME), automountServiceAccountToken: false },
    ...access(namespace, { name: NAME, namespace }, [...SERVER_RULES, ...mapRules(own)]),
    ...Object.entries(elsewhere).flatMap(([where, names]) =>
      access(namespace, { name: `${NAME}-templates`, namespace: where }, mapRules(names)),
    ),
    ...definitions.maps,
    ...(plan.definitions === undefined
      ? [configMap(meta('helloworld'), { helloworld: EXAMPLES.helloworld })]
      : []),
    deployment(plan, meta(NAME), definitions),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: meta(NAME),
      spec: { selector: LABELS, ports: [{ name: 'http', port: PORT, targetPort: 'http' }] },
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: meta(NAME),
      spec: { minAvailable: 1, selector: { matchLabels: LABELS } },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: meta(NAME),
      spec: {
        podSelector: { matchLabels: LABELS },
        policyTypes: ['Ingress'],
        // From pods of this namespace; those of others are added here.
        ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 'http' }] }],
      },
    },
  ];
  return objects;
}

/** The ConfigMaps of templates that definitions name. */
const mapRules = (resourceNames: readonly string[]): object[] =>
  resourceNames.length === 0
    ? []
    : [{ apiGroups: [''], resources: ['configmaps'], resourceNames, verbs: ['get'] }];

/** A Role somewhere, bound to the server. */
function access(
  server: string,
  { name, namespace }: { name: string; namespace: string },
  rules: readonly object[],
): Manifest[] {
  const rbac = 'rbac.authorization.k8s.io';
  const metadata = { name, namespace, labels: LABELS };
  return [
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata, rules },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata,
      roleRef: { apiGroup: rbac, kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: server }],
    },
  ];
}

function deployment(
  plan: ServerPlan,
  metadata: KubeObject['metadata'],
  definitions: DefinitionObjects,
): Manifest {
  const { replicas = 2, tokensSecret } = plan;
  const volumes = [
    ...definitions.volumes,
    { name: 'tmp', emptyDir: { sizeLimit: '16Mi' } },
    ...(tokensSecret === undefined ? [] : [{ name: 'tokens', secret: { secretName: tokensSecret } }]),
  ];
  const mounts = [
    ...definitions.mounts,
    { name: 'tmp', mountPath: '/tmp' },
    ...(tokensSecret === undefined ? [] : [{ name: 'tokens', mountPath: TOKENS, readOnly: true }]),
  ];
  const probe = (path: string): object => ({ httpGet: { path, port: 'http' } });
  const container = {
    name: 'server',
    image: plan.image,
    command: ['kt', 'serve'],
    env: Object.entries(serverEnvironment(plan)).map(([name, value]) => ({ name, value })),
    ports: [{ name: 'http', containerPort: PORT }],
    livenessProbe: { ...probe('/healthz'), periodSeconds: 10 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5 },
    // New connections come until all nodes have heard that this pod goes: it ends after that.
    lifecycle: { preStop: { exec: { command: ['node', '-e', `setTimeout(() => {}, ${HEARD_MS})`] } } },
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: mounts,
  };
  const spec = {
    serviceAccountName: NAME,
    automountServiceAccountToken: true,
    // Who is under way is answered after that: the server takes 25 s at most.
    terminationGracePeriodSeconds: 35,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [container],
    volumes,
  };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: { replicas, selector: { matchLabels: LABELS }, template: { metadata: { labels: LABELS }, spec } },
  };
}

/** The variables of the server's container. */
export function serverEnvironment(plan: ServerPlan): Record<string, string> {
  return omitUndefined({
    JOB_SIGNATURE: plan.signature ?? 'kt-server',
    JOB_NAMESPACE: plan.namespace,
    JOB_DEFINITIONS_CONFIG_PATH: `${DEFINITIONS_DIR}/definitions.yaml`,
    IN_CLUSTER: 'true',
    JOB_SERVER_HOST: '0.0.0.0',
    JOB_SERVER_PORT: String(PORT),
    JOB_RETENTION_PERIOD_SEC: '3600',
    JOB_ALLOWED_SERVICE_ACCOUNTS: plan.allowedServiceAccounts ?? 'default',
    JOB_ALLOWED_IMAGES: plan.allowedImages,
    JOB_SERVER_TOKENS_PATH: plan.tokensSecret === undefined ? undefined : `${TOKENS}/tokens.yaml`,
    ...plan.env,
  });
}
