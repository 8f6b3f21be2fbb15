/**
 * Which backend is meant: with a server, or with KT_SERVER where nothing was typed, that of its runs; with
 * a store, the one of that store; with a context, a namespace or a kubeconfig, that of the cluster; with none
 * of them the store here, and behind it the cluster that KT_CONTEXT or KT_NAMESPACE names, else that of the
 * last submit.
 */
import { KtError, omitUndefined } from '@kube-transform/sdk';
import type { FileStore } from '@kube-transform/runtime';
import type { RunBackend } from './backends/backend.js';
import type { FallbackOptions } from './backends/fallback-backend.js';
import { LocalBackend } from './backends/local/local-backend.js';
import { storeOf } from './backends/local/open-store.js';
import { serverMeant } from './backends/server/which-server.js';
import { remembered } from './cluster/last-cluster.js';

/** What may be typed about where a run is. */
export interface WhereOptions {
  /** URL of a job server, which may need a token. Default: KT_SERVER, where no other place is given. */
  server?: string;
  /** The token of the server. Default: KT_SERVER_TOKEN. */
  token?: string;
  /** A store, or the URL of one, such as `file:data`. */
  store?: string | FileStore;
  /** Of `kt.config.ts` or of the kubeconfig. */
  context?: string;
  /** Default: that of the context. */
  namespace?: string;
  /** Path of a file. */
  kubeconfig?: string;
}

/**
 * Opens the backend that is meant, to be closed with `await using`.
 *
 * @example
 * ```ts
 * await using backend = await openBackend({ context: 'prod', namespace: 'batch' });
 * for (const { runId, status } of await backend.list()) console.log(runId, status);
 * ```
 *
 * @throws KtError `BAD_OPTIONS` where two of a server, a store and a cluster are meant; `UNKNOWN_CONTEXT` and
 *   what else a kubeconfig or a store URL is refused with. That a cluster is away, its first call says.
 */
export async function openBackend(
  { store, server, token, ...cluster }: WhereOptions = {},
  options: FallbackOptions = {},
): Promise<RunBackend> {
  const url = serverMeant({ server, store, ...cluster });
  if (url !== undefined) {
    const { openServer } = await import('./backends/server/open-server.js');
    return (await openServer(url, { token, note: options.note })).backend;
  }
  const { context, namespace, kubeconfig } = cluster;
  const typed = omitUndefined({ context, namespace, kubeconfig });
  const [flag] = Object.keys(typed);
  if (store !== undefined && flag !== undefined) {
    const message = `--store means a run here, and --${flag} one in a cluster.`;
    throw new KtError({ code: 'BAD_OPTIONS', path: '--store', message, hint: 'Give one of them.' });
  }
  if (flag !== undefined) {
    // What was typed, over the environment, over `kt.config.ts`.
    const { withContext } = await import('./cluster/connect.js');
    return connectTo(await withContext(typed), options.note);
  }
  if (typeof store === 'object') return new LocalBackend(store, { keepOpen: true });
  const here = new LocalBackend(await storeOf(store));
  const open = store === undefined ? await clusterBehind() : null;
  if (open === null) return here;
  const { FallbackBackend } = await import('./backends/fallback-backend.js');
  return new FallbackBackend(here, open, options);
}

/**
 * The cluster that the environment names, as it does for submitting, else that of the last submit; null where
 * there is none.
 */
async function clusterBehind(): Promise<(() => Promise<RunBackend>) | null> {
  const last = await remembered();
  const { KT_CONTEXT: context, KT_NAMESPACE: namespace } = process.env;
  if (!context && last !== null) return () => connectTo({ ...last, ...(namespace ? { namespace } : {}) });
  if (!context && !namespace) return null;
  return async () => {
    const { withContext } = await import('./cluster/connect.js');
    return connectTo(await withContext({}));
  };
}

async function connectTo(
  { context, namespace, kubeconfig }: Pick<WhereOptions, 'context' | 'namespace' | 'kubeconfig'>,
  note?: FallbackOptions['note'],
): Promise<RunBackend> {
  const [{ openCluster }, { ClusterBackend }] = await Promise.all([
    import('./cluster/connect.js'),
    import('./backends/cluster/cluster-backend.js'),
  ]);
  return new ClusterBackend(await openCluster(omitUndefined({ context, namespace, kubeconfig }), note));
}
