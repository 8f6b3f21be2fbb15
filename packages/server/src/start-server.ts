/** A whole server: definitions, Jobs, retention, HTTP. */
import { readFile } from 'node:fs/promises';
import { messageOf, systemClock } from '@kube-transform/runtime/internal';
import type { KubeConnection } from '@kube-transform/runtime/kubernetes';
import type { Clock } from '@kube-transform/runtime';
import { KtError } from '@kube-transform/sdk';
import { type DefinitionList, openDefinitions } from './definitions/definitions.js';
import { serverApp } from './http/app.js';
import { listen } from './http/listen.js';
import { serverMetrics } from './http/metrics.js';
import { anyOf, oidcCallers } from './http/oidc.js';
import { readTokens } from './http/tokens.js';
import { jobApi, JobManager } from './jobs/managed-jobs.js';
import { JobRetention } from './jobs/retention.js';
import { rehearse } from './rehearsal.js';
import type { ServedRuns } from './runs/served-runs.js';
import type { ServerSettings } from './settings.js';
import { JobUpkeep } from './upkeep/upkeep.js';
import { isUntold } from './upkeep/webhooks.js';

/** What a server needs beside its settings. */
export interface StartOptions {
  settings: ServerSettings;
  /** The cluster. */
  connection: KubeConnection;
  /** Runs of deployed pipelines. Default: none are served. */
  runs?: ServedRuns | undefined;
  clock?: Clock;
  /** The process is there for this server alone; what `listen` says of it holds. Default false. */
  ownsProcess?: boolean;
  /** The definitions, where the settings name no file with them. */
  definitions?: DefinitionList | undefined;
  /** Told in a sentence of what goes wrong while it runs. */
  tell?: (message: string) => void;
}

/** A server that runs. */
export interface JobServer {
  url: string;
  jobs: JobManager;
  /** Answers what is under way, then ends. */
  stop(): Promise<void>;
}

const END_WITHIN_MS = 25_000;
const RETENTION_AFTER_MS = 3000;

/** Starts a server. Rejects with KtError where definitions or tokens cannot be used, or the port is taken. */
export async function startServer({
  settings,
  connection,
  definitions: listed,
  runs,
  clock = systemClock,
  ownsProcess = false,
  tell = () => undefined,
}: StartOptions): Promise<JobServer> {
  const api = jobApi(connection, settings.namespace);
  const definitions = openDefinitions({ path: settings.definitionsPath, list: listed }, { api, tell });
  const ending = new AbortController();
  try {
    await definitions.start();
    const { tokensPath, oidc } = settings;
    const callerOf = anyOf([
      tokensPath === undefined ? undefined : readTokens(await readFile(tokensPath, 'utf8'), tokensPath),
      oidc === undefined ? undefined : oidcCallers(oidc, clock),
    ]);
    const { images, serviceAccounts, queues, priorities, retentionSec, perSec, maxBodyBytes } = settings;
    const { webhook } = settings;
    const jobs = new JobManager({
      api,
      signature: settings.signature,
      definitions,
      limits: { images, serviceAccounts, queues, priorities },
      tellsEnds: webhook !== undefined,
      clock,
    });
    const metrics = serverMetrics();
    const upkeep = new JobUpkeep({ jobs, clock, webhook, tell, told: result => metrics.told(result) });
    await upkeep.start();
    const app = serverApp({
      jobs,
      clock,
      metrics,
      ending: ending.signal,
      callerOf,
      perSec,
      maxBodyBytes,
      runs,
      tell,
    });
    const { signal } = ending;
    // Before the first caller comes, since its code is cold too.
    const kept = [upkeep.run(signal)];
    await rehearse({ api, clock, ownsProcess });
    const { host, port, tls } = settings;
    const server = await listen(app, { host, port, clock, tls, ownsProcess, tell });
    const isNeeded = webhook === undefined ? () => false : isUntold;
    const deleted = (count: number): void => metrics.deleted(count);
    const retention = new JobRetention({ jobs, retentionSec, clock, tell, isNeeded, deleted });
    // The first callers have waited for a server: what is due can wait for them.
    const later = clock.sleep(RETENTION_AFTER_MS, signal).catch(() => undefined);
    kept.push(later.then(() => retention.run(signal)));
    return {
      url: server.url,
      jobs,
      stop: async () => {
        ending.abort();
        await Promise.all([server.close(END_WITHIN_MS), ...kept]);
        api.close();
      },
    };
  } catch (error) {
    ending.abort();
    api.close();
    throw error instanceof KtError ? error : cannotStart(error);
  }
}

function cannotStart(cause: unknown): KtError {
  return new KtError(
    { code: 'CANNOT_START', path: '', message: `The server cannot start: ${messageOf(cause)}` },
    { cause },
  );
}
