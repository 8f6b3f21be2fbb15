/** Connects to a cluster as a kubeconfig says, or as the pod that this runs in may. */
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';
import { inClusterConnection, type KubeConnection } from '@kube-transform/runtime/kubernetes';
import { isKtError, KtError } from '@kube-transform/sdk';
import { chooseContext, kubeconfigFiles, noKubeconfig, readKubeconfig } from './kubeconfig.js';

/** Which cluster; all that is not given is as kubectl has it. */
export interface KubeConnectionOptions {
  context?: string;
  kubeconfig?: string;
  namespace?: string;
}

/** What says which cluster kubectl would use. */
interface ConnectionEnvironment {
  env?: Readonly<Record<string, string | undefined>>;
  clock?: Pick<Clock, 'elapsedMs'>;
}

/** What the client makes of a context. */
interface ClusterCredentials {
  tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>;
  headers: Record<string, string>;
  token: string | undefined;
  agent: Agent;
}

const CREDENTIALS_KEPT_MS = 60_000;
const PROXY_SOCKETS = 16;

/**
 * Connects to the cluster of a context: that of the kubeconfig given, of KUBECONFIG or of ~/.kube/config,
 * else to that of this pod.
 *
 * Credentials are asked for again when they are a minute old (plugins are run again when theirs expire), and,
 * with the kubeconfig read anew, when they were refused.
 *
 * @throws KtError `NO_KUBECONFIG`, `BAD_KUBECONFIG`, `UNKNOWN_CONTEXT`, `CREDENTIALS_FAILED`,
 * `NOT_IN_CLUSTER`
 */
export async function kubeConnection(
  options: KubeConnectionOptions = {},
  { env = process.env, clock = systemClock }: ConnectionEnvironment = {},
): Promise<KubeConnection> {
  const files = kubeconfigFiles(options.kubeconfig, env);
  if (files.length === 0) return withoutKubeconfig(options, env);
  const load = async (): Promise<KubeConfig> => {
    const loaded = await readKubeconfig(files);
    chooseContext(loaded, options.context, files);
    prepare(loaded);
    return loaded;
  };
  let config = await load();
  let current = await credentialsOf(config);
  let askedMs = clock.elapsedMs();
  const cluster = config.getCurrentCluster();
  const agents = cluster?.proxyUrl
    ? { calls: keptAlive(current.agent), streams: (await credentialsOf(config)).agent }
    : undefined;
  return {
    name: config.getCurrentContext(),
    server: cluster?.server ?? '',
    namespace:
      options.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default',
    agents,
    get ca() {
      return current.tls.ca as string | Buffer | undefined;
    },
    get cert() {
      return current.tls.cert as string | Buffer | undefined;
    },
    get key() {
      return current.tls.key as string | Buffer | undefined;
    },
    get rejectUnauthorized() {
      return current.tls.rejectUnauthorized;
    },
    get servername() {
      return current.tls.servername;
    },
    get headers() {
      return current.headers;
    },
    token: async again => {
      if (again || clock.elapsedMs() - askedMs > CREDENTIALS_KEPT_MS) {
        if (again) config = await load();
        current = await credentialsOf(config);
        askedMs = clock.elapsedMs();
      }
      return current.token;
    },
  };
}

async function withoutKubeconfig(
  { context, namespace }: KubeConnectionOptions,
  env: NonNullable<ConnectionEnvironment['env']>,
): Promise<KubeConnection> {
  if (env['KUBERNETES_SERVICE_HOST'] && context === undefined) {
    const connection = await inClusterConnection(undefined, env);
    return namespace === undefined ? connection : { ...connection, namespace };
  }
  throw noKubeconfig(
    env['KUBECONFIG']
      ? `KUBECONFIG is "${env['KUBECONFIG']}", and there is no such file`
      : 'there is no ~/.kube/config',
  );
}

/** Mends what the client gets wrong of a context. */
function prepare(config: KubeConfig): void {
  const cluster = config.getCurrentCluster();
  // kubectl asks for no such leave where there is no TLS.
  if (cluster?.server.startsWith('http:') === true) Object.assign(cluster, { skipTLSVerify: true });
  const exec = config.getCurrentUser()?.exec as Plugin | null | undefined;
  if (!exec) return;
  const shown = {
    server: cluster?.server,
    'certificate-authority-data': cluster?.caData,
    'tls-server-name': cluster?.tlsServerName,
  };
  const spec = { interactive: false, ...(exec.provideClusterInfo === true ? { cluster: shown } : {}) };
  const value = JSON.stringify({ apiVersion: exec.apiVersion, kind: 'ExecCredential', spec });
  exec.env = [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value }];
}

interface Plugin {
  apiVersion?: string;
  command?: string;
  installHint?: string;
  provideClusterInfo?: boolean;
  env?: { name: string; value: string }[] | null;
}

async function credentialsOf(config: KubeConfig): Promise<ClusterCredentials> {
  const asked: RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(asked);
  } catch (error) {
    throw credentialsFailed(config, error);
  }
  const { ca, cert, key, rejectUnauthorized, servername, auth } = asked;
  const { Authorization: authorization, ...headers } = (asked.headers ?? {}) as Record<string, string>;
  const token = /^Bearer (.*)$/s.exec(authorization ?? '')?.[1]?.trim();
  if (auth && token === undefined) headers['Authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`;
  return {
    tls: { ca, cert, key, rejectUnauthorized, servername },
    headers,
    token: token === '' ? undefined : token,
    agent: asked.agent as Agent,
  };
}

function credentialsFailed(config: KubeConfig, error: unknown): KtError {
  if (isKtError(error)) return error;
  const user = config.getCurrentUser();
  const exec = user?.exec as Plugin | null | undefined;
  const said = (error as Error).message.trim().replace(/\.$/, '');
  const who = exec ? `The plugin "${exec.command ?? ''}" gives no credentials` : 'There are no credentials';
  const message = `${who} for the user "${user?.name ?? ''}" of the context "${config.getCurrentContext()}": ${said === '' ? 'no reason is given' : said}.`;
  const hint =
    exec?.installHint?.trim() ?? 'See whether `kubectl get pods` works, and log in to the cluster again.';
  return new KtError({ code: 'CREDENTIALS_FAILED', path: '', message, hint }, { cause: error });
}

/**
 * The client's agents make a connection for every call; these two members are what the constructor would set.
 */
const keptAlive = (agent: Agent): Agent =>
  Object.assign(agent, { keepAlive: true, maxSockets: PROXY_SOCKETS });
