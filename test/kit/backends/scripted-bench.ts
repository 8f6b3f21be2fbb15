/** The backend of a namespace of a scripted API server, for its contract: controllers run here. */
import {
  memoryFileStore,
  readFailedLogs,
  readLogs,
  readRecord,
  type RunRecord,
  type RunStatus,
} from '@kube-transform/runtime';
import {
  drive,
  inProcessExecutor,
  localCatalog,
  localHost,
  newRun,
  readHeadline,
  retryRun,
  systemClock,
  writeRecord,
} from '@kube-transform/runtime/internal';
import {
  ANNOTATION,
  clusterSettings,
  type ConfigMap,
  type Job,
  JOB_NAME,
  KubeApi,
  paths,
  type ReadLine,
  type ReadRequest,
  type ReadValue,
  RUN_KEY,
  type RunConfig,
  runName,
  selectRun,
  valuesAfter,
} from '@kube-transform/runtime/kubernetes';
import { ClusterBackend } from '../../../packages/cli/src/backends/cluster/cluster-backend.js';
import { publishRun } from '../../../packages/cli/src/backends/cluster/publish-run.js';
import { configOf } from '../../../packages/cli/src/backends/cluster/submit-run.js';
import { KubeApi as ControllerApi } from '../../../packages/runtime/src/kubernetes/api/kube-api.js';
import { restoreStatus } from '../../../packages/runtime/src/kubernetes/run/restore-status.js';
import { StatusReporter } from '../../../packages/runtime/src/kubernetes/run/status-reporter.js';
import type { BackendBench } from '../../contracts/run-backend-contract.js';
import flaky from '../../fixtures/pipelines/flaky.js';
import { addBundle } from '../kube-runs.js';
import { type OpenStream, KubeServer } from '../kube-server.js';
import type { Change } from '../kube-storage.js';
import { quickClock } from './local-bench.js';

const namespace = 'ns';
const pods = paths.pods(namespace);
const jobs = paths.jobs(namespace);
const configMaps = paths.configMaps(namespace);
const never = new AbortController().signal;

/** What controllers and readers of Jobs do, in this process. */
class Processes {
  readonly store = memoryFileStore();
  /** Of runs that are not in the store yet. */
  readonly records = new Map<string, RunRecord>();
  readonly #server: KubeServer;
  readonly #api: ControllerApi;
  readonly #going = new Set<Promise<void>>();
  /** What stops a controller, by its Job. */
  readonly #stops = new Map<string, AbortController>();

  constructor(server: KubeServer, api: ControllerApi) {
    this.#server = server;
    this.#api = api;
    server.storage.listen(change => this.#look(change));
    server.on(/^GET .*\/pods\/[^/]+\/log/, ({ path }) => ({
      stream: out => void this.#print(/pods\/([^/]+)\/log/.exec(path)?.[1] ?? '', out),
    }));
  }

  async ended(): Promise<void> {
    await Promise.all(this.#going);
  }

  #look({ collection, type, object }: Change): void {
    if (collection !== jobs) return;
    if (type === 'DELETED') this.#stops.get(object.metadata.name)?.abort();
    if (type !== 'ADDED') return;
    const job = object as unknown as Job;
    const { name, labels, annotations, uid = '' } = job.metadata;
    const metadata = {
      name: `${name}-pod`,
      labels: { ...labels, [JOB_NAME]: name },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name, uid }],
    };
    this.#server.storage.create(pods, { metadata, status: { phase: 'Running' } });
    this.#server.storage.patch(jobs, name, { status: { active: 1, ready: 1 } });
    if (labels?.['app.kubernetes.io/component'] !== 'controller') return;
    const going = this.#control(annotations?.[ANNOTATION.runId] ?? '', name, uid).finally(() =>
      this.#going.delete(going),
    );
    this.#going.add(going);
  }

  /** Drives a run as its controller does. */
  async #control(runId: string, job: string, uid: string): Promise<void> {
    const { store } = this;
    const stop = new AbortController();
    this.#stops.set(job, stop);
    const object = this.#server.storage.get(configMaps, runName(runId)) as unknown as ConfigMap;
    const config = JSON.parse(object.data?.[RUN_KEY.config] ?? '') as RunConfig;
    this.#server.storage.patch(configMaps, runName(runId), { data: { [RUN_KEY.controller]: uid } });
    const record =
      this.records.get(runId) ??
      (await retryRun(store, config.from ?? '', { clock: systemClock, runId, source: config.source }));
    await writeRecord(store, record);
    const report = new StatusReporter({
      api: this.#api,
      clock: quickClock,
      claim: { configMap: runName(runId), uid },
      onTrouble: () => undefined,
    });
    const lastWord = async (status: RunStatus): Promise<void> => {
      if (status === 'Completed') report.headline(await readHeadline(store, record));
      await report.close(null);
    };
    let ended: Promise<void> = Promise.resolve();
    await restoreStatus(store, record, report);
    await drive({
      store,
      record,
      clock: systemClock,
      resumed: true,
      executor: inProcessExecutor({
        host: localHost({ store, clock: systemClock, catalog: localCatalog(flaky) }),
        concurrency: 8,
      }),
      sink: {
        publish: event => {
          report.publish(event);
          // The executor of a cluster tells of all items; this one only of those that it runs.
          if (event.type === 'JobExpanded')
            report.publish({ ...event, type: 'JobCounted', retried: 0, skipped: 0 });
          if (event.type === 'RunFinished' && event.status !== 'Interrupted') ended = lastWord(event.status);
        },
      },
      drain: never,
      stop: stop.signal,
      cancel: never,
    });
    await ended;
    if (stop.signal.aborted) return;
    this.#server.storage.patch(jobs, job, {
      status: { active: 0, ready: 0, succeeded: 1, conditions: [{ type: 'Complete', status: 'True' }] },
    });
    this.#server.storage.patch(pods, `${job}-pod`, { status: { phase: 'Succeeded' } });
  }

  /** Prints a page as a reader's pod does. */
  async #print(pod: string, out: OpenStream): Promise<void> {
    const job = this.#server.storage.get(jobs, pod.replace(/-pod$/, '')) as unknown as Job;
    const [text] = /(?<="KT_READ","value":)"(\\.|[^"\\])*"/.exec(JSON.stringify(job.spec)) ?? ['""'];
    const request = JSON.parse(JSON.parse(text) as string) as ReadRequest;
    const say = (line: ReadLine): void => out.send(line);
    say({ begin: true });
    let count = 0;
    try {
      for await (const value of valuesAfter(this.#values(request), request)) {
        say(value);
        count++;
      }
      say({ end: { count, more: false } });
    } catch (error) {
      say({ error: (error as { problems: [] }).problems });
    }
    out.end();
  }

  async *#values({ what, runId, place, previous }: ReadRequest): AsyncGenerator<ReadValue, void> {
    const record = await readRecord(this.store, runId);
    if (record === null) return;
    const filter = { selector: place ?? undefined, previous };
    if (what === 'lines') for await (const line of readLogs(this.store, record, filter)) yield { line };
    else {
      for await (const { lines, ...failed } of readFailedLogs(this.store, record, filter)) {
        yield { failed };
        for (const line of lines) yield { line };
      }
    }
  }
}

export async function scriptedBench(): Promise<BackendBench> {
  const server = await KubeServer.start();
  const token = (): Promise<undefined> => Promise.resolve(undefined);
  addBundle(server, 'd1');
  const connection = { name: 'fake', server: server.url, namespace, token };
  const api = new KubeApi(connection, { clock: systemClock });
  const controllers = new ControllerApi(connection, { clock: systemClock });
  const processes = new Processes(server, controllers);
  const backend = new ClusterBackend(api);
  const settings = clusterSettings({ namespace, store: 'mem:' });
  const file = (name: string, isThere: boolean): Promise<unknown> =>
    isThere ? processes.store.put(name, new Uint8Array()) : processes.store.delete([name]);
  const workRuns = async (runId: string): Promise<void> => {
    const run = await backend.find(runId);
    while ((await backend.read(run)).jobs.find(({ name }) => name === 'work')?.items !== 5)
      await quickClock.sleep(5);
  };
  return {
    backend,
    bring: async (runId, to) => {
      await file('fixed', to !== 'failed');
      await file('hold', to === 'running' || to === 'interrupted');
      const record = await newRun({ pipeline: flaky, runId, clock: systemClock });
      processes.records.set(runId, record);
      const published = { digest: 'd1', parts: 1, isNew: true };
      const config = configOf({ runId, pipeline: 'flaky', published, settings, source: null });
      await publishRun(api, { config, record });
      if (to === 'running') await workRuns(runId);
      else if (to === 'interrupted')
        await api.deleteAll(jobs, { labelSelector: selectRun(runId, 'controller') });
      else await processes.ended();
    },
    release: async () => {
      await file('hold', false);
      await processes.ended();
    },
    drive: () => processes.ended(),
    [Symbol.asyncDispose]: async () => {
      await backend[Symbol.asyncDispose]();
      controllers.close();
      await server.close();
    },
  };
}
