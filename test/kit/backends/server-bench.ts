/** A job server on a real port over the runs of another bench, for the contract. */
import { systemClock } from '@kube-transform/runtime/internal';
import { listen, type ListeningServer, type ServedRuns } from '@kube-transform/server';
import { isAway, ServerClient } from '@kube-transform/server/client';
import { KtError } from '@kube-transform/sdk';
import type { RunBackend } from '../../../packages/cli/src/backends/backend.js';
import { ServerBackend } from '../../../packages/cli/src/backends/server/server-backend.js';
import type { BackendBench } from '../../contracts/run-backend-contract.js';
import { OpenJobs, type OpenOptions } from '../../server/open-jobs.js';
import { localBench, quickClock } from './local-bench.js';

const never = new AbortController().signal;
const submitted = { context: 'here', namespace: 'store', digest: 'd1' };

/** The runs of a backend, as a server is given them; nothing is deployed. */
export function servedRuns(backend: RunBackend, going: Promise<unknown>[] = []): ServedRuns {
  const notDeployed = (): Promise<never> =>
    Promise.reject(new KtError({ code: 'NOT_DEPLOYED', path: 'p', message: 'Nothing is deployed.' }));
  return {
    pipelines: () => Promise.resolve([]),
    pipeline: notDeployed,
    start: notDeployed,
    repeat: async run => {
      const started = await backend.retry(run);
      const driver = { sink: { publish: () => undefined }, drain: never, stop: never };
      if ('drive' in started) going.push(started.drive(driver));
      return { run: started.run, submitted };
    },
    list: () => backend.list(),
    find: typed => backend.find(typed),
    read: run => backend.read(run),
    follow: (run, watcher) => backend.follow(run, watcher),
    logs: (run, options) => backend.logs(run, options),
    failedLogs: (run, options) => backend.failedLogs(run, options),
    cancel: (run, options) => backend.cancel(run, options),
    collect: options => backend.collect(options),
  };
}

/** A server on a port of this machine, and a client of it. */
export interface Reached extends AsyncDisposable {
  opened: OpenJobs;
  server: ListeningServer;
  client: ServerClient;
  backend: ServerBackend;
}

/** Serves runs, with whatever else a server is told. */
export async function reach(
  runs: ServedRuns,
  { app = {}, token, port = 0 }: { app?: OpenOptions['app']; token?: string; port?: number } = {},
): Promise<Reached> {
  const opened = await OpenJobs.open({ app: { perSec: 1e6, clock: systemClock, runs, ...app } });
  const server = await listen(opened.app, { host: '127.0.0.1', port, clock: systemClock });
  const client = new ServerClient({ url: server.url, token });
  const backend = new ServerBackend(client, { clock: quickClock, isAway });
  return {
    opened,
    server,
    client,
    backend,
    [Symbol.asyncDispose]: async () => {
      opened.ending.abort();
      await server.close(100);
      await opened.close();
    },
  };
}

export async function serverBench(): Promise<BackendBench> {
  const bench = await localBench();
  const going: Promise<unknown>[] = [];
  const reached = await reach(servedRuns(bench.backend, going));
  return {
    ...bench,
    backend: reached.backend,
    drive: async () => void (await Promise.all(going)),
    [Symbol.asyncDispose]: async () => {
      await reached[Symbol.asyncDispose]();
      await bench[Symbol.asyncDispose]();
    },
  };
}
