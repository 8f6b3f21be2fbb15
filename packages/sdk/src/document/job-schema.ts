/** The schema of a job: fields with their defaults, and what belongs to one type of job only. */
import * as z from 'zod';
import type { Json } from '../json.js';
import {
  args,
  duration,
  flag,
  functionName,
  jobName,
  jsonObject,
  labels,
  orNull,
  quantity,
  quantityText,
  refuseNonJson,
  text,
  textual,
  tolerance,
  wholeNumber,
  withDefault,
  word,
} from './field-schemas.js';

const LIST = { error: 'Expected a list such as ["python", "run.py"], a text for each argument' };
const words = z.array(word, LIST);
const EXIT_CODE = { error: 'Expected an exit code from 1 to 255' };
const codes = withDefault(z.array(z.int(EXIT_CODE).min(1, EXIT_CODE).max(255, EXIT_CODE)), () => []);
const exitCodes = z.strictObject({ skip: codes, final: codes });
/** What Kubernetes takes as the name of a variable. */
const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, {
  error: 'Expected names of variables, such as "DAY"',
});
const absolute = text.regex(/^\/[^\0]*[^/\0]$/, {
  error: 'Expected the absolute path of a file within the container, such as "/tmp/result.json"',
});
const WORD = { error: 'Expected "none", "text", "json", {"file": …} or {"key": …}' };
const result = z.union(
  [
    z.enum(['none', 'text', 'json'], WORD),
    z.strictObject({ file: absolute }),
    z.strictObject({ key: textual }),
  ],
  WORD,
);

/** What a container job runs. */
export const container = z
  .strictObject(
    {
      image: orNull(textual.refine(v => v !== '', { error: 'Expected the name of an image' })),
      command: orNull(words.min(1, LIST)),
      args: withDefault(words, () => []),
      env: withDefault(z.record(variable, word, { error: 'Expected an object of texts' }), () => ({})),
      workdir: orNull(textual),
      result: withDefault(result, () => 'none' as const),
      exitCodes: withDefault(exitCodes, () => ({ skip: [], final: [] })),
    },
    {
      error: issue =>
        issue.code === 'unrecognized_keys'
          ? undefined
          : 'Expected a container: an object such as {"image": …, "command": […]}',
    },
  )
  .check(refuseNonJson);

/** Fields of a container, for "Did you mean". */
export const CONTAINER_FIELDS = Object.keys(container.shape);

/** What Kubernetes is told of the pods of a job. */
export const kubernetes = z.strictObject(
  {
    nodeSelector: labels.optional(),
    tolerations: z.array(jsonObject).optional(),
    affinity: jsonObject.optional(),
    priorityClassName: text.optional(),
    serviceAccountName: text.optional(),
    ephemeralStorage: quantityText.optional(),
    image: text.optional(),
    imagePullPolicy: z
      .enum(['Always', 'IfNotPresent', 'Never'], { error: 'Expected Always, IfNotPresent or Never' })
      .optional(),
    queue: text.optional(),
    annotations: labels.optional(),
    envFrom: z.array(jsonObject).optional(),
    volumes: z.array(jsonObject).optional(),
    volumeMounts: z.array(jsonObject).optional(),
    startTimeout: duration.optional(),
    podPatch: jsonObject.optional(),
    containerPatch: jsonObject.optional(),
    jobPatch: jsonObject.optional(),
  },
  { error: issue => (issue.code === 'unrecognized_keys' ? undefined : 'Expected an object') },
);

const FACTOR = { error: 'Expected a number of at least 1' };
const backoff = z.strictObject({
  initial: withDefault(duration, () => '1s'),
  factor: withDefault(z.number(FACTOR).min(1, FACTOR), () => 2),
  max: withDefault(duration, () => '1m'),
});

const task = z.strictObject(
  { function: functionName, args },
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
  container?: object | null;
  placement?: string | null;
  itemsPerPod?: number | null;
  gpu?: number | null;
  kubernetes?: object | null;
};

/** What belongs to one type of job only. */
function kindRules(ctx: z.core.ParsePayload<KindFields | null | undefined>): void {
  const job = ctx.value;
  if (typeof job !== 'object' || job === null) return;
  const refuse = (field: string, message: string): void => {
    if (!ctx.issues.some(issue => issue.path?.length === 1 && issue.path[0] === field))
      ctx.issues.push({ code: 'custom', input: job, path: [field], message });
  };
  if (job.type === 'static' && typeof job.function === 'string')
    refuse('function', 'Expected no "function" in a static job (its calls are in "tasks")');
  if (job.type === 'static' && !empty(job.args))
    refuse('args', 'Expected no "args" in a static job (its calls are in "tasks")');
  const { type } = job;
  if ((type === 'dynamic' || type === 'map' || type === 'container') && (job.tasks?.length ?? 0) > 0)
    refuse('tasks', `Expected no "tasks" in a ${type} job`);
  containerRules(job, refuse);
  if (job.type === 'map' && (job.items ?? null) === null) refuse('items', 'Expected "items" in a map job');
  if ((job.type === 'static' || job.type === 'dynamic') && (job.items ?? null) !== null)
    refuse('items', 'Expected "items" only in a map job');
  if (job.placement !== 'controller') return;
  const beside = 'with "placement": "controller" (a step that runs in no pod of its own)';
  if (!empty(job.kubernetes)) refuse('kubernetes', `Expected no "kubernetes" ${beside}`);
  if ((job.gpu ?? 0) !== 0) refuse('gpu', `Expected no "gpu" ${beside}`);
}

function containerRules(job: KindFields, refuse: (field: string, message: string) => void): void {
  const container = job.container ?? null;
  if (job.type !== 'container') {
    if (container !== null) refuse('container', 'Expected "container" only in a container job');
    return;
  }
  if (container === null) refuse('container', 'Expected "container" in a container job');
  if (typeof job.function === 'string')
    refuse('function', 'Expected no "function" in a container job (what it runs is in "container")');
  if (!empty(job.args)) refuse('args', 'Expected no "args" in a container job (they are in "container")');
  if ((job.itemsPerPod ?? 1) !== 1)
    refuse('itemsPerPod', 'Expected no "itemsPerPod" in a container job, whose pods have one item each');
  if (job.placement === 'controller')
    refuse('placement', 'Expected no "placement" in a container job, which has pods of its own');
}

const kindCheck = z.check<KindFields | null | undefined>(kindRules);
// Told also where other fields are wrong.
kindCheck._zod.def.when = () => true;

/** Paths of files, with refs. */
const paths = withDefault(z.array(textual, { error: 'Expected a list of paths' }), () => []);

/** A job as documents have it; its name may still be missing. */
export const jobSchema = z
  .strictObject(
    {
      type: z.enum(['static', 'dynamic', 'map', 'container'], {
        error: 'Expected "static", "dynamic", "map" or "container"',
      }),
      name: jobName.nullish(),
      memory: quantity('1Gi'),
      cpu: quantity('500m'),
      dependencies: withDefault(z.array(text, { error: 'Expected a list of job names' }), () => []).transform(
        v => [...new Set(v)],
      ),
      function: functionName,
      args,
      tasks: withDefault(z.array(task, { error: 'Expected a list of tasks' }), () => []),
      items: orNull(
        // Its items are looked at once, below.
        z.union([z.custom<Json[]>(v => Array.isArray(v)), z.strictObject({ $ref: text })], {
          error: 'Expected a list, or a {"$ref": …} to one',
        }),
      ).check(refuseNonJson),
      container: orNull(container),
      retries: withDefault(wholeNumber(0), () => 0),
      backoff: withDefault(backoff, () => ({ initial: '1s', factor: 2, max: '1m' })),
      timeout: orNull(duration),
      itemsPerPod: orNull(wholeNumber(1)),
      concurrency: orNull(wholeNumber(1)),
      parallelism: orNull(wholeNumber(1)),
      maxFailed: withDefault(tolerance, () => 0),
      failFast: withDefault(flag, () => false),
      cache: withDefault(flag, () => false),
      outputs: paths,
      inputs: paths,
      env: withDefault(labels, () => ({})),
      labels: withDefault(labels, () => ({})),
      gpu: withDefault(wholeNumber(0), () => 0),
      placement: withDefault(
        z.enum(['pod', 'controller'], { error: 'Expected "pod" or "controller"' }),
        () => 'pod' as const,
      ),
      reuse: withDefault(
        z.enum(['step', 'run'], { error: 'Expected "step" or "run"' }),
        () => 'step' as const,
      ),
      kubernetes: withDefault(kubernetes, () => ({})),
    },
    {
      error: issue =>
        issue.code === 'unrecognized_keys' ? undefined : 'Expected a job: an object with "type"',
    },
  )
  .check(kindCheck);
