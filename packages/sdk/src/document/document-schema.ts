import * as z from 'zod';
import { findNonJson, type Json, type JsonObject } from '../json.js';
import { cronProblem } from './cron.js';
import { parseDurationMs, parseQuantity } from './quantity.js';

const JSON_OBJECT = z.custom<JsonObject>(v => typeof v === 'object' && v !== null && !Array.isArray(v), {
  error: 'Expected an object',
});
const text = z.string({ error: 'Expected text' });
const name = text
  .min(1, { error: 'Expected a name that is not empty' })
  .refine(v => !v.includes('#'), { error: 'Expected a name without "#"' });
const fn = text
  .transform(v => (v === '' ? null : v))
  .nullish()
  .transform(v => v ?? null);
const clipped = (path: string): string => (path.length > 80 ? `${path.slice(0, 77)}…` : path);
/** Refuses what JSON cannot hold, where it is. */
const json = (ctx: z.core.ParsePayload): void => {
  const bad = findNonJson(ctx.value, '');
  if (bad === undefined) return;
  ctx.issues.push({
    code: 'custom',
    input: ctx.value,
    message: `Expected JSON, which cannot hold ${bad.reason}${bad.path === '' ? '' : ` (at ${clipped(bad.path.replace(/^\./, ''))})`}`,
  });
};
const free = JSON_OBJECT.check(json);
const args = JSON_OBJECT.nullish()
  .transform(v => v ?? {})
  .check(json);
const count = (min: number, what: string) =>
  z.int({ error: `Expected ${what}` }).min(min, { error: `Expected ${what}` });
const labels = z.record(z.string(), text, { error: 'Expected an object of texts' });
const flag = z.boolean({ error: 'Expected true or false' });

const quantity = (fallback: string) =>
  text
    .refine(v => v === '' || parseQuantity(v) !== undefined, {
      error: 'Expected a Kubernetes quantity such as "512Mi", "1.5Gi" or "500m"',
      params: { code: 'BAD_QUANTITY' },
    })
    .nullish()
    .transform(v => v || fallback);
const duration = text.refine(v => parseDurationMs(v) !== undefined, {
  error: 'Expected a duration such as "500ms", "90s", "5m" or "1h30m"',
  params: { code: 'BAD_DURATION' },
});
const TOLERANCE = { error: 'Expected a count such as 3, or a percentage such as "5%"' };
const tolerance = z.union(
  [z.int().min(0, TOLERANCE), z.string().regex(/^(100(\.0+)?|\d{1,2}(\.\d+)?)%$/, TOLERANCE)],
  TOLERANCE,
);

const kubernetes = z.strictObject(
  {
    nodeSelector: labels.optional(),
    tolerations: z.array(free).optional(),
    affinity: free.optional(),
    priorityClassName: text.optional(),
    serviceAccountName: text.optional(),
    image: text.optional(),
    imagePullPolicy: z
      .enum(['Always', 'IfNotPresent', 'Never'], { error: 'Expected Always, IfNotPresent or Never' })
      .optional(),
    queue: text.optional(),
    annotations: labels.optional(),
    envFrom: z.array(free).optional(),
    volumes: z.array(free).optional(),
    volumeMounts: z.array(free).optional(),
    startTimeout: duration.optional(),
    podPatch: free.optional(),
  },
  { error: issue => (issue.code === 'unrecognized_keys' ? undefined : 'Expected an object') },
);

const backoff = z
  .strictObject({
    initial: duration.nullish().transform(v => v ?? '1s'),
    factor: z
      .number({ error: 'Expected a number of at least 1' })
      .min(1, { error: 'Expected a number of at least 1' })
      .nullish()
      .transform(v => v ?? 2),
    max: duration.nullish().transform(v => v ?? '1m'),
  })
  .nullish()
  .transform(v => v ?? { initial: '1s', factor: 2, max: '1m' });

const task = z.strictObject(
  { function: fn, args },
  {
    error: issue =>
      issue.code === 'unrecognized_keys'
        ? undefined
        : 'Expected a task: an object with "function" and "args"',
  },
);

const empty = (value: object | null | undefined): boolean =>
  value === null || value === undefined || Object.keys(value).length === 0;

type KindFields = {
  type?: unknown;
  function?: string | null;
  args?: object;
  tasks?: unknown[];
  items?: unknown;
};

/** What belongs to one type of job only. */
function kindRules(ctx: z.core.ParsePayload<KindFields>): void {
  const job = ctx.value as KindFields | null | undefined;
  if (typeof job !== 'object' || job === null) return;
  const refuse = (field: string, message: string): void => {
    if (!ctx.issues.some(issue => issue.path?.length === 1 && issue.path[0] === field))
      ctx.issues.push({ code: 'custom', input: job, path: [field], message });
  };
  if (job.type === 'static' && typeof job.function === 'string')
    refuse('function', 'Expected no "function" in a static job (its calls are in "tasks")');
  if (job.type === 'static' && !empty(job.args))
    refuse('args', 'Expected no "args" in a static job (its calls are in "tasks")');
  if ((job.type === 'dynamic' || job.type === 'map') && (job.tasks?.length ?? 0) > 0)
    refuse('tasks', `Expected no "tasks" in a ${job.type} job`);
  if (job.type === 'map' && (job.items ?? null) === null) refuse('items', 'Expected "items" in a map job');
  if ((job.type === 'static' || job.type === 'dynamic') && (job.items ?? null) !== null)
    refuse('items', 'Expected "items" only in a map job');
}

const kindCheck = z.check<KindFields>(kindRules);
// Told also where other fields are wrong.
kindCheck._zod.def.when = () => true;

/** A job as documents have it; its name may still be missing. */
export const jobSchema = z
  .strictObject(
    {
      type: z.enum(['static', 'dynamic', 'map'], { error: 'Expected "static", "dynamic" or "map"' }),
      name: name.nullish(),
      memory: quantity('1Gi'),
      cpu: quantity('500m'),
      dependencies: z
        .array(text, { error: 'Expected a list of job names' })
        .nullish()
        .transform(v => [...new Set(v ?? [])]),
      function: fn,
      args,
      tasks: z
        .array(task, { error: 'Expected a list of tasks' })
        .nullish()
        .transform(v => v ?? []),
      items: z
        .union([z.array(z.custom<Json>()), z.strictObject({ $ref: text })], {
          error: 'Expected a list, or a {"$ref": …} to one',
        })
        .nullish()
        .transform(v => v ?? null)
        .check(json),
      retries: count(0, 'a whole number of at least 0')
        .nullish()
        .transform(v => v ?? 0),
      backoff,
      timeout: duration.nullish().transform(v => v ?? null),
      itemsPerPod: count(1, 'a whole number of at least 1')
        .nullish()
        .transform(v => v ?? null),
      concurrency: count(1, 'a whole number of at least 1')
        .nullish()
        .transform(v => v ?? null),
      parallelism: count(1, 'a whole number of at least 1')
        .nullish()
        .transform(v => v ?? null),
      maxFailed: tolerance.nullish().transform(v => v ?? 0),
      failFast: flag.nullish().transform(v => v ?? false),
      cache: flag.nullish().transform(v => v ?? false),
      outputs: z
        .array(z.union([text, z.strictObject({ $ref: text })]), { error: 'Expected a list of paths' })
        .nullish()
        .transform(v => v ?? []),
      env: labels.nullish().transform(v => v ?? {}),
      labels: labels.nullish().transform(v => v ?? {}),
      gpu: count(0, 'a whole number of at least 0')
        .nullish()
        .transform(v => v ?? 0),
      kubernetes: kubernetes.nullish().transform(v => v ?? {}),
    },
    {
      error: issue =>
        issue.code === 'unrecognized_keys' ? undefined : 'Expected a job: an object with "type"',
    },
  )
  .check(kindCheck);

const cron = text.refine(line => cronProblem(line) === undefined, {
  error: ({ input }) => cronProblem(String(input)),
  params: { code: 'BAD_CRON' },
});

function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
const timeZone = text.refine(isTimeZone, {
  error: 'Expected an IANA time zone such as "Europe/Berlin"',
  params: { code: 'BAD_TIME_ZONE' },
});

const schedule = z.strictObject({
  cron,
  timeZone: timeZone.nullish().transform(v => v ?? null),
  concurrencyPolicy: z
    .enum(['Forbid', 'Allow', 'Replace'])
    .nullish()
    .transform(v => v ?? ('Forbid' as const)),
  startingDeadline: duration.nullish().transform(v => v ?? null),
  suspend: flag.nullish().transform(v => v ?? false),
});

/** A pipeline as documents have it. */
export const pipelineSchema = z.strictObject(
  {
    name: text.min(1, { error: 'Expected a name that is not empty' }),
    jobs: z
      .array(jobSchema, { error: 'Expected a list of jobs' })
      .nullish()
      .transform(v => v ?? []),
    schedules: z
      .array(schedule)
      .nullish()
      .transform(v => v ?? []),
  },
  {
    error: issue =>
      issue.code === 'unrecognized_keys'
        ? undefined
        : 'Expected a pipeline: an object with "name" and "jobs"',
  },
);

/** The fields of what a list or an object of this name holds, for "Did you mean". */
export const FIELDS: Record<string, readonly string[]> = {
  '': Object.keys(pipelineSchema.shape),
  jobs: Object.keys(jobSchema.shape),
  tasks: ['function', 'args'],
  backoff: ['initial', 'factor', 'max'],
  kubernetes: Object.keys(kubernetes.shape),
  schedules: Object.keys(schedule.shape),
};
