/**
 * The Kubernetes executor for tests: on a scripted API server whose pods are processes, or on a real cluster.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FileStore, localFileStore } from '@kube-transform/runtime';
import { type Executor, systemClock } from '@kube-transform/runtime/internal';
import {
  type ClusterSettings,
  clusterSettings,
  watch,
  KubeApi,
  type KubernetesExecutor,
  kubernetesExecutor,
  LABEL,
  ownerOf,
  paths,
  type Pod,
  type RunFrame,
} from '@kube-transform/runtime/kubernetes';
import { HINT_ADDRESS } from '../../packages/runtime/src/kubernetes/run/hint-formats.js';
import { type HintServer, hintServer } from '../../packages/runtime/src/kubernetes/run/hint-server.js';
import type { Assignment, AssignmentRequest } from '../../packages/runtime/src/ports/index.js';
import { hintsKey } from '../../packages/runtime/src/run-store/layout.js';
import { type Bench, callsBundle, lagging } from './executors.js';
import { KubeNode, processPods } from './kube-node.js';
import { KubeServer } from './kube-server.js';

/** What executors for tests stand on. */
export interface KubeGround {
  api: KubeApi;
  store: FileStore;
  frameOf: (runId: string) => RunFrame | Promise<RunFrame>;
  /** Pods of a job that does not say how many items a pod has. Default 6. */
  pods?: number;
  /** Where pods reach this process, to say what is new and to ask for more. Default: they do not. */
  host?: string;
}

/** An executor per run, made when it is first given an order, because a run's Jobs are labelled with it. */
export function executorOf({ api, store, frameOf, pods = 6, host }: KubeGround): Executor {
  let server: HintServer | undefined;
  let making: Promise<Executor> | undefined;
  let made: Executor | undefined;
  let begun = (): void => undefined;
  const first = new Promise<void>(resolve => (begun = resolve));
  const make = async (runId: string): Promise<Executor> => {
    const executor = kubernetesExecutor({
      api,
      store,
      clock: systemClock,
      frame: await frameOf(runId),
      onTrouble: () => undefined,
    });
    made = executor;
    if (host !== undefined) {
      const onAssign = (request: AssignmentRequest): Promise<Assignment | null> => executor.assign(request);
      const onWarm: KubernetesExecutor['warm'] = (request, signal) => executor.warm(request, signal);
      server = await hintServer({ host, onHint: hint => executor.hint(hint), onAssign, onWarm });
      await store.put(hintsKey(runId), new TextEncoder().encode(HINT_ADDRESS.text(server.address)));
    }
    begun();
    return made;
  };
  return {
    capabilities: { name: 'kubernetes', isolation: 'pod', hardTimeout: true, memoryLimit: true },
    itemsPerPod: (_job, items) => Math.ceil(items / pods),
    submit: async order => (await (making ??= make(order.runId))).submit(order),
    async *observe(signal) {
      const aborted = new Promise<void>(resolve =>
        signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
      );
      await Promise.race([first, aborted]);
      if (made !== undefined) yield* made.observe(signal);
    },
    drain: () => made?.drain() ?? Promise.resolve(),
    cancel: job => made?.cancel(job) ?? Promise.resolve(),
    [Symbol.asyncDispose]: async () => {
      await server?.[Symbol.asyncDispose]();
      await made?.[Symbol.asyncDispose]();
    },
  };
}

/** Resolves when a pod of a run is there that runs. */
export async function podOf(api: KubeApi, runId: string): Promise<void> {
  const stop = new AbortController();
  const pods = { path: paths.pods(api.namespace), labelSelector: `${LABEL.run}=${runId}` };
  for await (const news of watch<Pod>(api, pods, { signal: stop.signal, clock: systemClock })) {
    const found = news.type === 'list' ? news.items : [news.object];
    if (found.some(({ status }) => status?.phase === 'Running')) break;
  }
  stop.abort();
}

/** The scripted one. */
export async function scriptedKubeBench(): Promise<
  Bench & { server: KubeServer; node: KubeNode; api: KubeApi; settings: ClusterSettings }
> {
  const dir = await mkdtemp(join(tmpdir(), 'kt-kube-'));
  const fresh = localFileStore(dir);
  const store = lagging(fresh);
  const bundle = await callsBundle();
  const server = await KubeServer.start();
  const node = new KubeNode(server, { namespace: 'ns', begin: processPods(bundle.worker) });
  const connection = {
    name: 'scripted',
    server: server.url,
    namespace: 'ns',
    token: () => Promise.resolve(undefined),
  };
  const api = new KubeApi(connection, { clock: systemClock });
  const settings = clusterSettings({ namespace: 'ns', store: store.capabilities.url ?? '' });
  const frameOf = (runId: string): RunFrame => ({
    runId,
    pipeline: 'p',
    settings,
    digest: bundle.digest,
    bundleParts: 1,
    owner: ownerOf(runId, `uid-of-${runId}`),
  });
  return {
    store,
    fresh,
    many: 3000,
    settings,
    server,
    node,
    api,
    executor: () => executorOf({ api, store, frameOf, host: '127.0.0.1' }),
    breakPuts: () => undefined,
    begun: runId => podOf(api, runId),
    close: async () => {
      await node.close();
      api.close();
      await server.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
