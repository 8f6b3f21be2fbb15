/** What runs a server in a cluster, as objects. Pure. */
import type { KubeObject } from '@kube-transform/runtime/kubernetes';
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
  /** A Secret with `tls.crt` and `tls.key`, as cert-manager makes it. Default: without TLS. */
  tlsSecret?: string;
  /** Who is told of the ends of Jobs; needs `webhookSecret`. Default: nobody. */
  webhookUrl?: string;
  /** A Secret with the key `secret`, which signs what is told. */
  webhookSecret?: string;
  /** Queues of Kueue and priorities that Jobs may have, each by commas. Default: all. */
  allowedQueues?: string;
  allowedPriorities?: string;
  /** Images that Jobs may use, by commas. Default: all. */
  allowedImages?: string;
  /** Service accounts that pods of Jobs may have, by commas. Default `default`. */
  allowedServiceAccounts?: string;
}

const NAME = 'job-server';
const PORT = 5000;
const USER = 65_532;
const LABELS = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/component': 'server' };
const DEFINITIONS = '/etc/job-server/definitions';
const TEMPLATES = '/etc/job-server/templates';
const TOKENS = '/etc/job-server/tokens';
const TLS = '/etc/job-server/tls';
const WEBHOOK = '/etc/job-server/webhook';

/** Each verb is one that the server uses. */
export const SERVER_RULES = [
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['create', 'get', 'list', 'watch', 'patch', 'delete'] },
  // Patch: a job that waits for one that has failed fails.
  { apiGroups: ['batch'], resources: ['jobs/status'], verbs: ['get', 'patch'] },
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
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: meta(NAME), rules: [...SERVER_RULES, mapRule()] },
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
  const { replicas = 2, tlsSecret } = plan;
  const secrets = secretsOf(plan);
  const volumes = [
    { name: 'definitions', configMap: { name: 'job-definitions' } },
    { name: 'templates', configMap: { name: 'job-templates' } },
    { name: 'tmp', emptyDir: { sizeLimit: '16Mi' } },
    ...secrets.map(({ name, secretName }) => ({ name, secret: { secretName } })),
  ];
  const mounts = [
    { name: 'definitions', mountPath: DEFINITIONS, readOnly: true },
    { name: 'templates', mountPath: TEMPLATES, readOnly: true },
    { name: 'tmp', mountPath: '/tmp' },
    ...secrets.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true })),
  ];
  const probe = (path: string): object => ({
    httpGet: { path, port: 'http', ...(tlsSecret === undefined ? {} : { scheme: 'HTTPS' }) },
  });
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

/** The Secrets of a plan, and where the server finds them. */
const secretsOf = ({
  tokensSecret,
  tlsSecret,
  webhookSecret,
}: ServerPlan): { name: string; secretName: string; mountPath: string }[] =>
  [
    { name: 'tokens', secretName: tokensSecret, mountPath: TOKENS },
    { name: 'tls', secretName: tlsSecret, mountPath: TLS },
    { name: 'webhook', secretName: webhookSecret, mountPath: WEBHOOK },
  ].flatMap(({ secretName, ...secret }) => (secretName === undefined ? [] : [{ ...secret, secretName }]));

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
    JOB_ALLOWED_IMAGES: plan.allowedImages,
    JOB_ALLOWED_QUEUES: plan.allowedQueues,
    JOB_ALLOWED_PRIORITIES: plan.allowedPriorities,
    JOB_SERVER_TLS_CERT_PATH: plan.tlsSecret === undefined ? undefined : `${TLS}/tls.crt`,
    JOB_SERVER_TLS_KEY_PATH: plan.tlsSecret === undefined ? undefined : `${TLS}/tls.key`,
    JOB_SERVER_WEBHOOK_URL: plan.webhookUrl,
    JOB_SERVER_WEBHOOK_SECRET_PATH: plan.webhookSecret === undefined ? undefined : `${WEBHOOK}/secret`,
    JOB_SERVER_TOKENS_PATH: plan.tokensSecret === undefined ? undefined : `${TOKENS}/tokens.yaml`,
  };
  return Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
}
