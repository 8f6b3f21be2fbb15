/**
 * A web identity for pods, as EKS gives one: a webhook that mounts a token into pods whose service account
 * has a role, and a token service that changes such tokens for keys. Both are in this process.
 */
import { createServer as createPlain, type IncomingMessage, type Server } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type KubeObject, paths } from '@kube-transform/runtime/kubernetes';
import { bodyOf } from '../../objectstore/answering.js';
import { testCertificate } from '../../registry/registry-server.js';
import { object, type TestCluster } from './cluster.js';
import { eventually } from './projects.js';

/** The annotation of a service account that names its role. */
const ROLE = 'eks.amazonaws.com/role-arn';
const AUDIENCE = 'sts.amazonaws.com';
const FOLDER = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const WEBHOOKS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

/** Keys of a server. */
export interface Keys {
  id: string;
  secret: string;
}

/** What is there while a test runs. */
export interface PodIdentity extends AsyncDisposable {
  /** The address of the token service. */
  endpoint: string;
  /** Whose tokens were changed, each time: `system:serviceaccount:NAMESPACE:NAME`. */
  exchanged: string[];
  /** The tokens. */
  tokens: Set<string>;
}

/** Gives pods of a cluster identities; `address` is this machine's, as the cluster reaches it. */
export async function podIdentity(
  cluster: TestCluster,
  { address, keys, role }: { address: string; keys: Keys; role: string },
): Promise<PodIdentity> {
  const { api, namespace } = cluster;
  const { key, certificate } = testCertificate(address);
  const [exchanged, tokens]: [string[], Set<string>] = [[], new Set()];
  const tokenService = createPlain((request, response) => {
    void answerToken(cluster, request, role).then(user => {
      if (user === undefined) return response.writeHead(403).end(refusal);
      exchanged.push(user.name);
      tokens.add(user.token);
      return response.writeHead(200, { 'content-type': 'text/xml' }).end(credentials(keys));
    });
  });
  const webhook = createServer({ key, cert: certificate }, (request, response) => {
    void bodyOf(request)
      .then(body => admit(cluster, JSON.parse(body.toString()) as Review))
      .then(review =>
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(review)),
      );
  });
  const endpoint = `http://${address}:${await listening(tokenService, address)}`;
  const port = await listening(webhook, address);
  await api.create(WEBHOOKS, {
    ...object('MutatingWebhookConfiguration', namespace, {
      webhooks: [
        {
          name: 'pod-identity.kube-transform.test',
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          failurePolicy: 'Fail',
          clientConfig: {
            url: `https://${address}:${port}/`,
            caBundle: Buffer.from(certificate).toString('base64'),
          },
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }],
        },
      ],
    }),
    apiVersion: 'admissionregistration.k8s.io/v1',
  });
  return {
    endpoint,
    exchanged,
    tokens,
    [Symbol.asyncDispose]: async () => {
      await api.delete(`${WEBHOOKS}/${namespace}`);
      for (const server of [tokenService, webhook]) {
        server.closeAllConnections();
        await new Promise(resolve => server.close(resolve));
      }
    },
  };
}

/** Waits until pods of a service account are given tokens: the cluster hears of webhooks after a while. */
export async function identityWorks(
  { api, namespace }: TestCluster,
  serviceAccountName: string,
): Promise<void> {
  const containers = [{ name: 'main', image: 'none' }];
  const pod = {
    ...object('Pod', 'identity-probe', { spec: { serviceAccountName, containers } }),
    apiVersion: 'v1',
  };
  await eventually(
    () => api.create<KubeObject>(paths.pods(namespace), pod, { query: { dryRun: 'All' } }),
    made => JSON.stringify(made).includes(FOLDER),
  );
}

const listening = async (server: Server, address: string): Promise<number> => {
  await new Promise<void>(resolve => server.listen(0, address, resolve));
  return (server.address() as AddressInfo).port;
};

/** Whose token was given, where the cluster says that it is good; undefined where it is not. */
async function answerToken(
  { api }: TestCluster,
  request: IncomingMessage,
  role: string,
): Promise<{ name: string; token: string } | undefined> {
  const asked = new URLSearchParams((await bodyOf(request)).toString());
  const token = asked.get('WebIdentityToken') ?? '';
  if (asked.get('Action') !== 'AssumeRoleWithWebIdentity' || asked.get('RoleArn') !== role) return undefined;
  const review = await api.create<object>('/apis/authentication.k8s.io/v1/tokenreviews', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, audiences: [AUDIENCE] },
  });
  const { status } = review as { status?: { authenticated?: boolean; user?: { username: string } } };
  return status?.authenticated === true ? { name: status.user?.username ?? '', token } : undefined;
}

const refusal =
  '<ErrorResponse><Error><Code>AccessDenied</Code><Message>Not with this token.</Message></Error></ErrorResponse>';
const credentials = ({ id, secret }: Keys): string =>
  `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>` +
  `<AccessKeyId>${id}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey><Expiration>2099-01-01T00:00:00Z</Expiration>` +
  `</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`;

interface Review {
  request: {
    uid: string;
    object: {
      spec: { serviceAccountName?: string; containers: { env?: object[]; volumeMounts?: object[] }[] };
    };
  };
}

/** What EKS adds to a pod, where its service account has a role. */
async function admit({ api, namespace }: TestCluster, { request }: Review): Promise<object> {
  const { spec } = request.object;
  const account = await api.get<KubeObject>(
    paths.serviceAccounts(namespace, spec.serviceAccountName ?? 'default'),
  );
  const role = account?.metadata.annotations?.[ROLE];
  const answer = { uid: request.uid, allowed: true };
  if (role === undefined)
    return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer };
  const source = { serviceAccountToken: { audience: AUDIENCE, expirationSeconds: 86_400, path: 'token' } };
  const volume = { name: 'aws-iam-token', projected: { sources: [source] } };
  const env = [
    { name: 'AWS_ROLE_ARN', value: role },
    { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${FOLDER}/token` },
  ];
  const mount = { name: volume.name, mountPath: FOLDER, readOnly: true };
  const whole = {
    ...spec,
    volumes: [...((spec as { volumes?: object[] }).volumes ?? []), volume],
    containers: spec.containers.map(container => ({
      ...container,
      env: [...(container.env ?? []), ...env],
      volumeMounts: [...(container.volumeMounts ?? []), mount],
    })),
  };
  const patch = Buffer.from(JSON.stringify([{ op: 'replace', path: '/spec', value: whole }])).toString(
    'base64',
  );
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { ...answer, patchType: 'JSONPatch', patch },
  };
}
