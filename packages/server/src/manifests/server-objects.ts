/** What runs a server in a cluster, as objects. Pure. */
import type { KubeObject, Rule } from '@kube-transform/runtime/kubernetes';
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
  /** Default: the four examples of k8s-jobs. */
  definitions?: readonly PlannedDefinition[];
  /** Other variables of the server, and of its Node. */
  env?: Readonly<Record<string, string>>;
  /** Rights of `kt` on runs: with them runs of deployed pipelines are served. Default: none, and none are. */
  runRules?: readonly Rule[];
}

const NAME = 'job-server';
const PORT = 5000;
const USER = 65_532;
const HEARD_MS = 5000;
const LABELS = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/component': 'server' };
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
  const definitions = definitionObjects(plan.definitions ?? EXAMPLES.definitions(namespace), meta);
  const { [namespace]: own = [], ...elsewhere } = Object.fromEntries(definitions.read);
  const objects: Manifest[] = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta(NAME), automountServiceAccountToken: false },
    ...access(namespace, { name: NAME, namespace }, [
      ...SERVER_RULES,
      ...mapRules(own),
      ...(plan.runRules ?? []),
    ]),
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
  const { replicas = 2, tlsSecret } = plan;
  const secrets = secretsOf(plan);
  const volumes = [
    ...definitions.volumes,
    { name: 'tmp', emptyDir: { sizeLimit: '16Mi' } },
    ...secrets.map(({ name, secretName }) => ({ name, secret: { secretName } })),
  ];
  const mounts = [
    ...definitions.mounts,
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
    JOB_SERVER_RUNS: plan.runRules === undefined ? undefined : 'true',
    JOB_ALLOWED_IMAGES: plan.allowedImages,
    JOB_ALLOWED_QUEUES: plan.allowedQueues,
    JOB_ALLOWED_PRIORITIES: plan.allowedPriorities,
    JOB_SERVER_TLS_CERT_PATH: plan.tlsSecret === undefined ? undefined : `${TLS}/tls.crt`,
    JOB_SERVER_TLS_KEY_PATH: plan.tlsSecret === undefined ? undefined : `${TLS}/tls.key`,
    JOB_SERVER_WEBHOOK_URL: plan.webhookUrl,
    JOB_SERVER_WEBHOOK_SECRET_PATH: plan.webhookSecret === undefined ? undefined : `${WEBHOOK}/secret`,
    JOB_SERVER_TOKENS_PATH: plan.tokensSecret === undefined ? undefined : `${TOKENS}/tokens.yaml`,
    ...plan.env,
  });
}
