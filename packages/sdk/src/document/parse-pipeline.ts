/** The door: whatever comes in, a whole {@link KTPipeline} or all its {@link Problem}s go on. */
import * as z from 'zod';
import { type GraphJob, graphProblems } from './check-graph.js';
import { KtError, type Problem } from '../errors.js';
import { FIELDS, jobSchema, pipelineSchema } from './document-schema.js';
import { addKey, findNonJson } from '../json.js';
import { didYouMean, pipelineJobName, spawnedJobName } from './names.js';
import type { KTJob, KTPipeline, KTPipelineInput } from './spec.js';

/** Either the pipeline or everything that is wrong with the input. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: Problem[] };

/**
 * Checks a document, fills in names and defaults, and reports all problems at once.
 *
 * Accepts what kube-transform accepts. Codes: `BAD_DOCUMENT`, `UNKNOWN_FIELD`, `BAD_QUANTITY`,
 * `DUPLICATE_NAME`, `UNKNOWN_DEPENDENCY`, `CYCLE`.
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
  const problems = graphProblems(jobs);
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: { ...shape.data, jobs } };
}

/**
 * Checks what a dynamic job's function returned; names of unnamed jobs are `<parent>-job-<i>`.
 *
 * Dependencies may be names outside the list: whether they exist is decided where all jobs are known.
 */
export function parseSpawn(input: unknown, parent: string): Parsed<KTJob[]> {
  const shape = z.array(jobSchema, { error: 'Expected a list of jobs' }).safeParse(input);
  if (!shape.success)
    return { ok: false, problems: shape.error.issues.flatMap(issue => toProblems(issue, input, 'jobs')) };
  const jobs = shape.data.map((job, i) => ({ ...job, name: job.name ?? spawnedJobName(parent, i) }));
  return { ok: true, value: jobs };
}

/** As {@link parsePipeline}, but throws. @throws KtError with every problem. */
export function mustParsePipeline(input: KTPipelineInput): KTPipeline {
  const parsed = parsePipeline(input);
  if (!parsed.ok) throw new KtError(parsed.problems);
  return parsed.value;
}

/** What can be read of the graph in a document that has other problems. */
function looseJobs(input: unknown): GraphJob[] {
  const { name, jobs } = (input ?? {}) as { name?: unknown; jobs?: unknown };
  if (!Array.isArray(jobs)) return [];
  return jobs.map((job: unknown, i) => {
    const loose = (job ?? {}) as { name?: unknown; dependencies?: unknown };
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
  const seen = issue.path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key],
    input,
  );
  const code =
    issue.code === 'custom'
      ? ((issue.params as { code?: string } | undefined)?.code ?? 'BAD_DOCUMENT')
      : 'BAD_DOCUMENT';
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
