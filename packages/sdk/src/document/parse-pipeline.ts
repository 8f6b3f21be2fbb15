/** Where documents come in: a whole KTPipeline goes on, or all that is wrong with it. */
import * as z from 'zod';
import { graphProblems } from './check-graph.js';
import { refProblems } from './check-refs.js';
import type { GraphJob } from './find-circle.js';
import { KtError, type Problem } from '../errors.js';
import { FIELDS, pipelineSchema } from './document-schema.js';
import { addKey, findNonJson, isObject } from '../json.js';
import { didYouMean } from './did-you-mean.js';
import { jobSchema } from './job-schema.js';
import type { KTJob, KTPipeline } from './spec.js';
import type { KTPipelineInput } from './spec-input.js';

/**
 * Either what was read or everything that is wrong with it.
 *
 * @example
 * ```ts
 * function names(parsed: Parsed<KTPipeline>): string[] {
 *   return parsed.ok ? parsed.value.jobs.map(job => job.name) : parsed.problems.map(formatProblem);
 * }
 * ```
 */
export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: Problem[] };

/**
 * Checks a document, fills in names and defaults, and reports all problems at once.
 *
 * Accepts what kube-transform accepts; an unnamed job is named `pipeline-<pipeline>-job-<index>`. Codes of
 * problems: `BAD_DOCUMENT`, `UNKNOWN_FIELD`, `BAD_QUANTITY`, `BAD_DURATION`, `BAD_CRON`, `BAD_TIME_ZONE`,
 * `DUPLICATE_NAME`, `UNKNOWN_DEPENDENCY`, `CYCLE`, `REF_WITHOUT_DEPENDENCY`, `UNKNOWN_REF`, `BAD_REF`.
 *
 * @example
 * ```ts
 * const parsed = parsePipeline({ name: 'etl', jobs: [{ type: 'static', retries: -1 }] });
 * parsed.ok ? [] : parsed.problems.map(formatProblem);
 * // → ['jobs[0].retries: Expected a whole number of at least 0, but got -1.']
 * ```
 */
export function parsePipeline(input: unknown): Parsed<KTPipeline> {
  const shape = pipelineSchema.safeParse(input);
  if (!shape.success)
    return {
      ok: false,
      problems: [
        ...shape.error.issues.flatMap(issue => toProblems(issue, input)),
        ...graphProblems(looseJobs(input)),
      ],
    };
  const jobs = shape.data.jobs.map((job, i) => ({
    ...job,
    name: job.name ?? pipelineJobName(shape.data.name, i),
  }));
  const names = new Set(jobs.map(job => job.name));
  const problems = [...graphProblems(jobs), ...refProblems(jobs, names, { list: 'jobs' })];
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: { ...shape.data, jobs } };
}

/**
 * Checks what a dynamic step's function returned and fills in names and defaults.
 *
 * An unnamed job is named `<parent>-job-<index>`. Dependencies may be names outside the list: whether they
 * exist is decided where all steps of the run are known, as is what refs lead to. Codes: those of
 * {@link parsePipeline} up to `BAD_DURATION`, and `NO_CONTAINER_IMAGE`.
 *
 * @param parent name of the step whose function it was.
 *
 * @example
 * ```ts
 * const parsed = parseSpawn([{ type: 'static', tasks: [{ function: 'm.load', args: {} }] }], 'fan');
 * parsed.ok && parsed.value[0]?.name; // → 'fan-job-0'
 * ```
 */
export function parseSpawn(input: unknown, parent: string): Parsed<KTJob[]> {
  const shape = z.array(jobSchema, { error: 'Expected a list of jobs' }).safeParse(input);
  if (!shape.success)
    return { ok: false, problems: shape.error.issues.flatMap(issue => toProblems(issue, input, 'jobs')) };
  const jobs = shape.data.map((job, i) => ({ ...job, name: job.name ?? `${parent}-job-${i}` }));
  const problems = jobs.flatMap(({ container }, i) =>
    container !== null && container.image === null ? [withoutImage(`jobs[${i}].container.image`)] : [],
  );
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, value: jobs };
}

/**
 * Checks a document as {@link parsePipeline} does, but throws.
 *
 * @throws KtError with every problem.
 *
 * @example
 * ```ts
 * mustParsePipeline({ name: 'etl', jobs: [{ type: 'static', memory: '2Gi' }] }).jobs[0]?.cpu; // → '500m'
 * ```
 */
export function mustParsePipeline(input: KTPipelineInput): KTPipeline {
  const parsed = parsePipeline(input);
  if (!parsed.ok) throw new KtError(parsed.problems);
  return parsed.value;
}

const withoutImage = (path: string): Problem => ({
  code: 'NO_CONTAINER_IMAGE',
  path,
  message: 'A container step that is spawned has to name its image.',
  hint: 'Give it an image; that of the run is filled in only where a run begins.',
});

/** Name of an unnamed job, as kube-transform has it. */
const pipelineJobName = (pipeline: string, index: number): string => `pipeline-${pipeline}-job-${index}`;

/** What can be read of the graph in a document that has other problems. */
function looseJobs(input: unknown): GraphJob[] {
  const { name, jobs } = isObject(input) ? input : {};
  if (!Array.isArray(jobs)) return [];
  return jobs.map((job: unknown, i) => {
    const loose = isObject(job) ? job : {};
    const dependencies = Array.isArray(loose.dependencies)
      ? loose.dependencies.filter(dependency => typeof dependency === 'string')
      : [];
    return {
      name:
        typeof loose.name === 'string' && loose.name !== '' ? loose.name : pipelineJobName(String(name), i),
      dependencies: [...new Set(dependencies)],
    };
  });
}

function toProblems(issue: z.core.$ZodIssue, input: unknown, top = ''): Problem[] {
  const pathOf = (...more: string[]): string =>
    [...issue.path.map(key => (typeof key === 'number' ? key : String(key))), ...more]
      .reduce<string>(addKey, '')
      .replace(/^\./, '');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(key => ({
      code: 'UNKNOWN_FIELD',
      path: pathOf(key),
      message: `The field "${key.length > 60 ? `${key.slice(0, 57)}…` : key}" is not known here.`,
      hint: didYouMean(key, fieldsAt(issue.path, top)) ?? 'Remove it.',
    }));
  }
  const seen = issue.path.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), input);
  const given: unknown = issue.code === 'custom' ? issue.params?.code : undefined;
  const code = typeof given === 'string' ? given : 'BAD_DOCUMENT';
  return [{ code, path: pathOf(), message: `${issue.message}, but got ${show(seen)}.` }];
}

function fieldsAt(path: readonly PropertyKey[], top: string): readonly string[] {
  return FIELDS[path.filter(key => typeof key === 'string').at(-1) ?? top] ?? [];
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text =
    findNonJson(value) !== undefined
      ? typeof value === 'object'
        ? 'an object that is no JSON'
        : `a ${typeof value}`
      : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
