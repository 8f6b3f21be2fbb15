/** What each route does. */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { paths } from '@kube-transform/runtime/kubernetes';
import type { Clock } from '@kube-transform/runtime';
import { itemsOfJob, MAX_ITEMS } from '../jobs/array-jobs.js';
import { podsOf } from '../jobs/job-logs.js';
import { type JobObject, MARK } from '../jobs/job-object.js';
import type { JobManager } from '../jobs/managed-jobs.js';
import { type JobWait, waitOf } from '../jobs/waiting.js';
import { readArguments, type TemplateArguments } from '../jinja/arguments.js';
import { TemplateError } from '../jinja/template-error.js';
import { followLogs, JobLooks } from '../following/follow-logs.js';
import { SharedLogs } from '../following/shared-logs.js';
import { Followers } from '../requests/followers.js';
import { bad, jsonTextOf, keyOf, numberIn } from '../requests/read-request.js';
import { runHandlersOf } from '../runs/run-handlers.js';
import type { ServedRuns } from '../runs/served-runs.js';
import { answerTo, refusal } from './answers.js';
import { jobView, statusView } from './job-views.js';
import type { ServerMetrics } from './metrics.js';
import { docsPage, PAGE_POLICY } from './docs-page.js';
import { openApi } from './openapi.js';
import { type RouteName, ROUTES } from './routes.js';

/** What handlers work with. */
export interface Serving {
  jobs: JobManager;
  clock: Clock;
  metrics: ServerMetrics;
  /** Aborted when the server ends: who follows is let go. */
  ending: AbortSignal;
  /** Logs that are followed at once. Default 1000. */
  maxFollowers?: number;
  /** Characters of a log that are held for who follows it. Default 128 Ki. */
  maxHeldChars?: number;
  /** Runs of deployed pipelines. Default: none are served. */
  runs?: ServedRuns | undefined;
}

/** Each has a stream of the API server, and some 160 KiB here. */
const MAX_FOLLOWERS = 1000;
/** Each may take a pod, which reads for it. */
const MAX_READERS = 20;

type Handler = (c: Context) => Promise<Response> | Response;

const nameOf = (c: Context): string => c.req.param('name') ?? '';

/** The definition and the arguments of a body. @throws KtError `NOT_JSON`, `BAD_REQUEST` */
async function bodyOf(c: Context): Promise<{ definition: string; args: TemplateArguments }> {
  const args = argumentsIn(await jsonTextOf(c));
  if (args === undefined) throw bad('The body is no JSON object.');
  const definition = args.values.get('job_definition_name');
  args.values.delete('job_definition_name');
  if (typeof definition === 'string') return { definition, args };
  throw bad(
    'The body needs "job_definition_name", the name of a definition; its other members are arguments.',
  );
}

function argumentsIn(text: string): TemplateArguments | undefined {
  try {
    return readArguments(text);
  } catch (error) {
    if (error instanceof TemplateError) throw bad(error.message);
    throw error;
  }
}

/** Labels of the query, `label=KEY=VALUE`. @throws KtError `BAD_REQUEST` */
function labelsIn(c: Context): Record<string, string> {
  const pairs = (c.req.queries('label') ?? []).map(text => /^([^=]+)=([^=]*)$/.exec(text)?.slice(1, 3));
  if (pairs.some(pair => pair === undefined)) throw bad('A label is asked for as label=KEY=VALUE.');
  return Object.fromEntries(pairs as [string, string][]);
}

/** A line as a server-sent event. */
const logEvent = (line: object): string => `event: log\ndata: ${JSON.stringify(line)}\n\n`;

/** The numbers of pods of an array job that run. */
async function runningItems(jobs: JobManager, name: string): Promise<Set<number>> {
  const pods = await podsOf(jobs.api, name);
  const running = pods.filter(({ status }) => status?.phase === 'Running');
  return new Set(
    running.map(({ metadata }) =>
      Number(metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? -1),
    ),
  );
}

/** Handlers by the names of their routes. */
export function handlersOf({
  jobs,
  clock,
  metrics,
  ending,
  maxFollowers = MAX_FOLLOWERS,
  maxHeldChars,
  runs,
}: Serving): Record<RouteName, Handler> {
  const looks = new JobLooks(jobs, clock);
  const logs = new SharedLogs({ api: jobs.api, clock, maxChars: maxHeldChars });
  const followers = new Followers(maxFollowers, 'logs are followed at this server');
  const readers = new Followers(MAX_READERS, 'logs are read at this server');
  const wordsOf = (error: unknown): unknown => answerTo(error).body;
  const jobAndWait = async (c: Context): Promise<[JobObject, JobWait | null]> => {
    const job = await jobs.get(nameOf(c));
    return [job, await waitOf(jobs.api, job, { nowMs: clock.nowMs(), signal: c.req.raw.signal })];
  };
  const healthy: Handler = c => c.json({ healthy: true });
  return {
    ...runHandlersOf({ runs, clock, ending, followers, readers, wordsOf }),
    create: async c => {
      const [arraySize, idempotencyKey] = [numberIn(c, 'array_size', [1, MAX_ITEMS]), keyOf(c)];
      const { definition, args } = await bodyOf(c);
      const place = { queue: c.req.query('queue'), priority: c.req.query('priority') };
      const dependsOn = c.req.queries('depends_on') ?? [];
      const name = await jobs.create(definition, args, { idempotencyKey, arraySize, dependsOn, ...place });
      metrics.created(definition);
      return c.json({ job_name: name });
    },
    list: async c => {
      const found = await jobs.list({ definition: c.req.query('job_definition_name'), labels: labelsIn(c) });
      return c.json({ jobs: Object.fromEntries(found.map(job => [job.metadata.name, statusView(job)])) });
    },
    job: async c => {
      const [job, waiting] = await jobAndWait(c);
      return c.json(jobView(job, waiting));
    },
    delete: async c => {
      await jobs.delete(nameOf(c));
      return c.json({ job_name: nameOf(c) });
    },
    status: async c => {
      const [job, waiting] = await jobAndWait(c);
      return c.json({ ...statusView(job), waiting });
    },
    logs: async c =>
      c.json(
        await jobs.logs(nameOf(c), {
          tailLines: numberIn(c, 'tail', [1, 10_000]) ?? 200,
          signal: c.req.raw.signal,
        }),
      ),
    follow: async c => {
      const leave = followers.enter('Ask again later, or read GET /jobs/NAME/logs.');
      await jobs.get(nameOf(c)).catch((error: unknown) => {
        leave();
        throw error;
      });
      return streamSSE(c, async stream => {
        const gone = new AbortController();
        stream.onAbort(() => gone.abort());
        const signal = AbortSignal.any([gone.signal, ending]);
        const emit = async (lines: readonly object[]): Promise<void> =>
          void (await stream.write(lines.map(logEvent).join('')));
        try {
          const state = await followLogs(nameOf(c), { looks, logs, clock, signal, emit });
          await stream.writeSSE({ event: 'end', data: JSON.stringify({ state }) });
        } finally {
          leave();
        }
      });
    },
    items: async c => {
      const page = {
        from: numberIn(c, 'from', [0, MAX_ITEMS]) ?? 0,
        limit: numberIn(c, 'limit', [1, 10_000]) ?? 1000,
      };
      const job = await jobs.get(nameOf(c));
      return c.json(itemsOfJob(job, await runningItems(jobs, nameOf(c)), page));
    },
    retry: async c => c.json({ job_name: await jobs.retry(nameOf(c)) }),
    definitions: async c => c.json({ job_definitions: await jobs.definitions.names() }),
    healthcheck: healthy,
    healthz: healthy,
    readyz: async c => {
      if (ending.aborted) return c.json(refusal('ENDING', 'The server ends.').body, 503);
      await jobs.definitions.names();
      const query = { labelSelector: `${MARK.signature}=${jobs.signature}`, limit: 1 };
      await jobs.api.get(paths.jobs(jobs.api.namespace), { query, retryForMs: 0 });
      return c.json({ ready: true });
    },
    metrics: async c =>
      c.body(await metrics.registry.metrics(), 200, { 'Content-Type': metrics.registry.contentType }),
    docs: c => c.html(docsPage(ROUTES), 200, { 'Content-Security-Policy': PAGE_POLICY }),
    openapi: c => c.json(openApi()),
  };
}
