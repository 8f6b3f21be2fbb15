/*
 * Where a run is looked for: in a store, in a cluster, or in the one and then the other.
 *
 * WH1 `--store`: that store alone. A context, a namespace or a kubeconfig: that cluster alone. Neither: the
 *     store, and what is not there in the cluster of the last submit.
 * WH2 A cluster that was not asked for is not waited for: what is said of the store does not depend on it.
 */
import { isKtError, KtError } from '@kube-transform/sdk';
import type { FileStore } from '@kube-transform/runtime';
import type { KubeApi } from '@kube-transform/runtime/kubernetes';
import { storeOf } from './commands/options.js';
import { findRun, listRuns } from './backends/local/find-runs.js';
import { type ClusterRun, findClusterRun, type Hurry } from './backends/cluster/find-runs.js';
import { openCluster, withContext } from './cluster/connect.js';
import { remembered } from './cluster/last-cluster.js';

/** What may be typed about where a run is. */
export interface WhereOptions {
  store?: string;
  context?: string;
  namespace?: string;
  kubeconfig?: string;
}

/** What is done with a run, wherever it is. */
export interface RunVerbs<T> {
  local: (store: FileStore, runId: string) => Promise<T>;
  cluster: (api: KubeApi, run: ClusterRun) => Promise<T>;
}

/** A cluster to be looked into. */
interface Place {
  options: WhereOptions;
  /** It was typed, not remembered. */
  asked: boolean;
}

const HURRY_MS = 5000;

/** Finds a run and does something with it. @throws KtError where there is no such run, or more than one. */
export async function withRun<T>(typed: string, options: WhereOptions, verbs: RunVerbs<T>): Promise<T> {
  const place = await placeOf(options);
  if (place === null || !place.asked) {
    const store = await storeOf(options);
    if (place === null) return verbs.local(store, (await findRun(store, typed)).runId);
    const here = await hereOrNot(store, typed);
    if ('runId' in here && typed !== 'latest') return verbs.local(store, here.runId);
    return withOther(typed, { place, store, here, verbs });
  }
  return inCluster(place, async api => verbs.cluster(api, await findClusterRun(api, typed)));
}

/**
 * Does something with the runs of a store and those of a cluster, as far as they are asked for; `note` is
 * told where the cluster cannot be asked.
 */
export async function withPlaces(
  options: WhereOptions,
  use: {
    local: (store: FileStore) => Promise<void>;
    cluster: (api: KubeApi, hurry: Hurry) => Promise<void>;
    note: (text: string) => void;
  },
): Promise<void> {
  const place = await placeOf(options);
  if (place === null || !place.asked) await use.local(await storeOf(options));
  if (place === null) return;
  if (place.asked) return inCluster(place, api => use.cluster(api, {}));
  try {
    await inCluster(place, api => inTime(api, hurry => use.cluster(api, hurry)));
  } catch (error) {
    if (!isKtError(error)) throw error;
    use.note(`The cluster of the last submit is left out. ${error.problems[0]?.message ?? ''}`);
  }
}

/** The cluster that is to be looked into; null: none. @throws KtError `BAD_PLACE`. */
async function placeOf({ store, context, namespace, kubeconfig }: WhereOptions): Promise<Place | null> {
  const typed = defined({ context, namespace, kubeconfig });
  const [flag] = Object.keys(typed);
  if (store !== undefined && flag !== undefined) {
    const message = `--store means a run here, and --${flag} one in a cluster.`;
    throw new KtError({ code: 'BAD_PLACE', path: '--store', message, hint: 'Give one of them.' });
  }
  if (store !== undefined) return null;
  if (flag !== undefined) {
    const { context: of, namespace: within, kubeconfig: file } = await withContext(typed);
    return { asked: true, options: defined({ context: of, namespace: within, kubeconfig: file }) };
  }
  const last = await remembered();
  return last === null
    ? null
    : {
        asked: false,
        options: defined({ context: last.context, namespace: last.namespace, kubeconfig: last.kubeconfig }),
      };
}

/** Options without those that are not given. */
function defined(options: Record<'context' | 'namespace' | 'kubeconfig', string | undefined>): WhereOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** The run here, or why there is none. */
async function hereOrNot(store: FileStore, typed: string): Promise<{ runId: string } | { error: KtError }> {
  try {
    return await findRun(store, typed);
  } catch (error) {
    if (isKtError(error) && (error.code === 'UNKNOWN_RUN' || error.code === 'NO_RUNS')) return { error };
    throw error;
  }
}

interface Other<T> {
  place: Place;
  store: FileStore;
  here: { runId: string } | { error: KtError };
  verbs: RunVerbs<T>;
}

/** A run that is not here, or the newer of the two latest. */
async function withOther<T>(typed: string, { place, store, here, verbs }: Other<T>): Promise<T> {
  const found = await inCluster(place, api => inTime(api, hurry => findClusterRun(api, typed, hurry))).then(
    run => ({ run }),
    (error: unknown) => ({ error }),
  );
  const local = 'runId' in here ? here.runId : null;
  if ('error' in found) {
    if (!isKtError(found.error)) throw found.error;
    if (local !== null) return verbs.local(store, local);
    const unknown = found.error.code === 'UNKNOWN_RUN' || found.error.code === 'NO_RUNS';
    const [first] = found.error.problems;
    if (!unknown || first === undefined) throw found.error;
    throw new KtError({ ...first, message: `${first.message} Nor is it in the store here.` });
  }
  if (local !== null && (await isNewer(store, local, found.run))) return verbs.local(store, local);
  return inCluster(place, api => verbs.cluster(api, found.run));
}

async function isNewer(store: FileStore, runId: string, other: ClusterRun): Promise<boolean> {
  const entry = (await listRuns(store)).find(run => run.runId === runId);
  return entry !== undefined && entry.createdMs >= other.config.createdAtMs;
}

async function inCluster<T>(place: Place, use: (api: KubeApi) => Promise<T>): Promise<T> {
  const opening = openCluster(place.options);
  const api = await (place.asked ? opening : soon(opening));
  try {
    return await use(api);
  } finally {
    api.close();
  }
}

/** Asks a cluster that may not be there. @throws KtError `CLUSTER_UNREACHABLE` where it takes too long. */
async function inTime<T>(api: KubeApi, ask: (hurry: Hurry) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(HURRY_MS);
  try {
    return await ask({ signal, retryForMs: 0 });
  } catch (error) {
    if (!signal.aborted) throw error;
    throw tooSlow(`${api.connection.name} at ${api.connection.server} does not answer`);
  }
}

/** Opens a connection; a plugin that asks a person for a password is not waited for. */
async function soon(opening: Promise<KubeApi>): Promise<KubeApi> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooSlow('getting its credentials takes too long')), HURRY_MS);
  });
  try {
    return await Promise.race([opening, late]);
  } finally {
    clearTimeout(timer);
  }
}

function tooSlow(what: string): KtError {
  const message = `The cluster of the last submit cannot be asked: ${what}.`;
  return new KtError({
    code: 'CLUSTER_UNREACHABLE',
    path: '',
    message,
    hint: 'Name it with --context or -n to wait for it.',
  });
}
