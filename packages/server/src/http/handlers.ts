/** What each route does. */
import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import { KtError } from '@kube-transform/sdk';
import { paths } from '@kube-transform/runtime/kubernetes';
import type { Clock } from '@kube-transform/runtime';
import { itemsOfJob } from '../jobs/array-jobs.js';
import { podsOf } from '../jobs/job-logs.js';
import { type JobObject, MARK } from '../jobs/job-object.js';
import type { JobManager } from '../jobs/managed-jobs.js';
import { type JobWait, waitOf } from '../jobs/waiting.js';
import { readArguments, type TemplateArguments } from '../jinja/arguments.js';
import { TemplateError } from '../jinja/template-error.js';
import { followLogs, JobLooks } from './follow-logs.js';
import { jobView, statusView } from './job-views.js';
import type { ServerMetrics } from './metrics.js';
import { openApi } from './openapi.js';
import type { RouteName } from './routes.js';

/** What handlers work with. */
export interface Serving {
  jobs: JobManager;
  clock: Clock;
  metrics: ServerMetrics;
  /** Aborted when the server ends: who follows is let go. */
  ending: AbortSignal;
  /** Logs that are followed at once. Default 1000. */
  maxFollowers?: number;
}

/** Each has a stream of the API server, and some 160 KiB here. */
const MAX_FOLLOWERS = 1000;

type Handler = (c: Context) => Promise<Response> | Response;

const bad = (message: string, path = ''): KtError => new KtError({ code: 'BAD_REQUEST', path, message });
const nameOf = (c: Context): string => c.req.param('name') ?? '';

/** A whole number of the query. @throws KtError `BAD_REQUEST` */
function numberIn(c: Context, key: string, [least, most]: [number, number]): number | undefined {
  const text = c.req.query(key);
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw bad(`"${key}" is a whole number from ${least} to ${most}, not ${JSON.stringify(text.slice(0, 50))}.`);
}

/** The definition and the arguments of a body. @throws KtError `NOT_JSON`, `BAD_REQUEST` */
async function bodyOf(c: Context): Promise<{ definition: string; args: TemplateArguments }> {
  if (!/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(c.req.header('content-type') ?? ''))
    throw new KtError({
      code: 'NOT_JSON',
      path: '',
      message: 'The body is to be JSON, with the header Content-Type: application/json.',
    });
  const args = argumentsIn(await c.req.text());
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

function keyOf(c: Context): string | undefined {
  const key = c.req.header('idempotency-key');
  if (key === undefined || /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw bad('The header Idempotency-Key is to be 1 to 255 visible characters of ASCII.');
}

/** Labels of the query, `label=KEY=VALUE`. @throws KtError `BAD_REQUEST` */
function labelsIn(c: Context): Record<string, string> {
  const pairs = (c.req.queries('label') ?? []).map(text => /^([^=]+)=([^=]*)$/.exec(text)?.slice(1, 3));
  if (pairs.some(pair => pair === undefined)) throw bad('A label is asked for as label=KEY=VALUE.');
  return Object.fromEntries(pairs as [string, string][]);
}

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
}: Serving): Record<RouteName, Handler> {
  const looks = new JobLooks(jobs, clock);
  let followers = 0;
  const jobAndWait = async (c: Context): Promise<[JobObject, JobWait | null]> => {
    const job = await jobs.get(nameOf(c));
    return [job, await waitOf(jobs.api, job, { nowMs: clock.nowMs(), signal: c.req.raw.signal })];
  };
  const healthy: Handler = c => c.json({ healthy: true });
  return {
    create: async c => {
      const [arraySize, idempotencyKey] = [numberIn(c, 'array_size', [1, 100_000]), keyOf(c)];
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
      if (followers >= maxFollowers)
        throw new KtError({
          code: 'TOO_MANY_FOLLOWERS',
          path: '',
          message: `${maxFollowers} logs are followed at this server, and no more can be.`,
          hint: 'Ask again later, or read GET /jobs/NAME/logs.',
        });
      followers++;
      await jobs.get(nameOf(c)).catch((error: unknown) => {
        followers--;
        throw error;
      });
      return streamSSE(c, async stream => {
        const gone = new AbortController();
        stream.onAbort(() => gone.abort());
        const signal = AbortSignal.any([gone.signal, ending]);
        const emit = async (line: object): Promise<void> =>
          stream.writeSSE({ event: 'log', data: JSON.stringify(line) });
        try {
          const state = await followLogs(nameOf(c), { jobs, looks, clock, signal, emit });
          await stream.writeSSE({ event: 'end', data: JSON.stringify({ state }) });
        } finally {
          followers--;
        }
      });
    },
    items: async c => {
      const page = {
        from: numberIn(c, 'from', [0, 100_000]) ?? 0,
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
      if (ending.aborted) return c.json({ ready: false }, 503);
      await jobs.definitions.names();
      const query = { labelSelector: `${MARK.signature}=${jobs.signature}`, limit: 1 };
      await jobs.api.get(paths.jobs(jobs.api.namespace), { query, retryForMs: 0 });
      return c.json({ ready: true });
    },
    metrics: async c =>
      c.body(await metrics.registry.metrics(), 200, { 'Content-Type': metrics.registry.contentType }),
    openapi: c => c.json(openApi()),
  };
}
