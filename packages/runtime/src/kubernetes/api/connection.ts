/** How an API server is reached: where it is, whom to trust, who asks. */
import { readFile } from 'node:fs/promises';
import type { Agent } from 'node:http';
import { join } from 'node:path';
import { KtError } from '@kube-transform/sdk';
import type { Clock } from '../../ports/index.js';

/** The name of the cluster that a pod is in. */
export const IN_CLUSTER = 'in-cluster';

/**
 * What is known of an API server and of who asks it. TLS members are read whenever a connection is made: they
 * may change.
 */
export interface KubeConnection {
  /** For messages: the context of a kubeconfig, or "in-cluster". */
  readonly name: string;
  /** URL, with a path where the API is below one. */
  readonly server: string;
  readonly namespace: string;
  /** PEM; the system's authorities where it is not given. */
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly rejectUnauthorized?: boolean;
  /** The name that the server's certificate has, where it is not the URL's. */
  readonly servername?: string;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How connections are made where not directly: through a proxy. `calls` should keep connections alive. */
  readonly agents?: { readonly calls: Agent; readonly streams: Agent };
  /** The bearer token, if there is one; `again`: the last one was refused. */
  token(again: boolean): Promise<string | undefined>;
}

const TOKEN_KEPT_MS = 60_000;
const ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The connection that every pod with a service account has. The token is read again when it is older than a
 * minute.
 *
 * @throws KtError `NOT_IN_CLUSTER`
 */
export async function inClusterConnection(
  dir: string = ACCOUNT_DIR,
  env: Readonly<Record<string, string | undefined>> = process.env,
  clock: Pick<Clock, 'elapsedMs'> = { elapsedMs: () => performance.now() },
): Promise<KubeConnection> {
  const host = env['KUBERNETES_SERVICE_HOST'];
  const port = env['KUBERNETES_SERVICE_PORT'];
  if (!host || !port) throw notInCluster('KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set');
  const read = async (name: string): Promise<string> => {
    const text = await readFile(join(dir, name), 'utf8').catch((error: unknown) => {
      throw notInCluster(
        `the file "${name}" of the service account cannot be read: ${(error as Error).message}`,
        error,
      );
    });
    if (text.trim() === '') throw notInCluster(`the file "${name}" of the service account is empty`);
    return text.trim();
  };
  const readToken = async (): Promise<{ text: string; readMs: number }> => ({
    text: await read('token'),
    readMs: clock.elapsedMs(),
  });
  let token = await readToken();
  return {
    name: IN_CLUSTER,
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    namespace: await read('namespace'),
    ca: await read('ca.crt'),
    token: async again => {
      // A token that cannot be read now is read at the next call; until then the old one may do.
      const isOld = clock.elapsedMs() - token.readMs > TOKEN_KEPT_MS;
      if (again || isOld) token = await readToken().catch(() => token);
      return token.text;
    },
  };
}

function notInCluster(why: string, cause?: unknown): KtError {
  const message = `This process does not run in a pod that may ask its cluster: ${why}.`;
  const hint = 'Give the pod a service account (automountServiceAccountToken), or use a kubeconfig.';
  return new KtError({ code: 'NOT_IN_CLUSTER', path: '', message, hint }, { cause });
}
