/** What runs a server in a cluster, as objects. Pure. */
import type { KubeObject, Rule } from '@kube-transform/runtime/kubernetes';
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
  /** Rights of `kt` on runs: with them runs of deployed pipelines are served. Default: none, and none are. */
  runRules?: readonly Rule[];
}

const NAME = 'job-server';
const PORT = 5000;
const USER = 65_532;
const LABELS = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/component': 'server' };
const DEFINITIONS = '/etc/job-server/definitions';
const TEMPLATES = '/etc/job-server/templates';
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
  const rbac = 'rbac.authorization.k8s.io';
  const data = { 'definitions.yaml': EXAMPLES.definitions(TEMPLATES, namespace) };
  const objects: (KubeObject & Record<string, unknown>)[] = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta(NAME), automountServiceAccountToken: false },
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: meta(NAME), rules: rulesOf(plan) },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: meta(NAME),
      roleRef: { apiGroup: rbac, kind: 'Role', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace }],
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('job-definitions'), data },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta('job-templates'), data: EXAMPLES.templates },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: meta('helloworld'),
      data: { helloworld: EXAMPLES.helloworld },
    },
    deployment(plan, meta(NAME)),
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

const rulesOf = ({ runRules = [] }: ServerPlan): object[] => [...SERVER_RULES, mapRule(), ...runRules];

/** The ConfigMaps of templates that definitions name. */
const mapRule = (): object => ({
  apiGroups: [''],
  resources: ['configmaps'],
  resourceNames: ['helloworld'],
  verbs: ['get'],
});

function deployment(
  plan: ServerPlan,
  metadata: KubeObject['metadata'],
): KubeObject & Record<string, unknown> {
  const { replicas = 2, tokensSecret } = plan;
  const volumes = [
    { name: 'definitions', configMap: { name: 'job-definitions' } },
    { name: 'templates', configMap: { name: 'job-templates' } },
    { name: 'tmp', emptyDir: { sizeLimit: '16Mi' } },
    ...(tokensSecret === undefined ? [] : [{ name: 'tokens', secret: { secretName: tokensSecret } }]),
  ];
  const mounts = [
    { name: 'definitions', mountPath: DEFINITIONS, readOnly: true },
    { name: 'templates', mountPath: TEMPLATES, readOnly: true },
    { name: 'tmp', mountPath: '/tmp' },
    ...(tokensSecret === undefined ? [] : [{ name: 'tokens', mountPath: TOKENS, readOnly: true }]),
  ];
  const probe = (path: string): object => ({ httpGet: { path, port: 'http' } });
  const container = {
    name: 'server',
    image: plan.image,
    command: ['kt', 'serve'],
    env: environment(plan),
    ports: [{ name: 'http', containerPort: PORT }],
    livenessProbe: { ...probe('/healthz'), periodSeconds: 10 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5 },
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
    // Who is under way is answered: the server takes 25 s at most.
    terminationGracePeriodSeconds: 30,
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

function environment(plan: ServerPlan): { name: string; value: string }[] {
  const values: Record<string, string | undefined> = {
    JOB_SIGNATURE: plan.signature ?? 'kt-server',
    JOB_NAMESPACE: plan.namespace,
    JOB_DEFINITIONS_CONFIG_PATH: `${DEFINITIONS}/definitions.yaml`,
    IN_CLUSTER: 'true',
    JOB_SERVER_HOST: '0.0.0.0',
    JOB_SERVER_PORT: String(PORT),
    JOB_RETENTION_PERIOD_SEC: '3600',
    JOB_ALLOWED_SERVICE_ACCOUNTS: plan.allowedServiceAccounts ?? 'default',
    JOB_SERVER_RUNS: plan.runRules === undefined ? undefined : 'true',
    JOB_ALLOWED_IMAGES: plan.allowedImages,
    JOB_SERVER_TOKENS_PATH: plan.tokensSecret === undefined ? undefined : `${TOKENS}/tokens.yaml`,
  };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}
