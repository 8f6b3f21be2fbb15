/**
 * Checks a pipeline before it runs: parameters, its document, and functions that are there. What `kt check`
 * tells, `kt run`, `kt submit` and `kt deploy` refuse, and nothing else.
 */
import {
  didYouMean,
  isPipeline,
  type KTPipeline,
  parsePipeline,
  type Pipeline,
  type Problem,
} from '@kube-transform/sdk';
import type { LoadedPipeline } from './load-pipeline.js';
import { type ParamFlag, paramFlags } from './param-flags.js';
import { paramProblems } from './param-schema.js';

/** A pipeline that was looked at; `spec` is null where it cannot be read. */
export interface CheckedSpec {
  spec: KTPipeline | null;
  /** Of a document there are none. */
  params?: ParamFlag[];
  problems: Problem[];
}

/** What is wrong with a pipeline or a document that was loaded; nothing where a run can begin. */
export function problemsOf({ pipeline, catalog }: Pick<LoadedPipeline, 'pipeline' | 'catalog'>): Problem[] {
  const known = catalog.names();
  return (isPipeline(pipeline) ? checkPipeline(pipeline, known) : checkSpec(pipeline, known)).problems;
}

/** Checks a pipeline; `known` are the functions that its modules export. */
export function checkPipeline(pipeline: Pipeline, known: readonly string[]): CheckedSpec {
  const hidden = [...pipeline.functions().keys()].filter(name => !known.includes(name));
  const unexported = hidden.map((name): Problem => {
    const message = `Pipeline "${pipeline.name}" calls a function that no module exports (${name}), so that workers cannot find it.`;
    return { code: 'NOT_EXPORTED', path: pipeline.name, message, hint: 'Export it from its module.' };
  });
  const params = paramProblems(pipeline);
  const { spec, problems } = checkSpec(pipeline.toSpec(), [...known, ...hidden]);
  return {
    spec,
    params: params.length > 0 ? [] : paramFlags(pipeline),
    problems: [...params, ...problems, ...unexported],
  };
}

/** Checks a document; `known` are the functions there are, null where that is not known. */
export function checkSpec(document: unknown, known: readonly string[] | null): CheckedSpec {
  const parsed = parsePipeline(document);
  const functions = known === null ? [] : functionProblems(parsed.ok ? parsed.value : document, known);
  return parsed.ok
    ? { spec: parsed.value, problems: functions }
    : { spec: null, problems: [...parsed.problems, ...functions] };
}

/** Calls of functions that there are not; in documents that have other problems, too. */
export function functionProblems(
  document: unknown,
  known: readonly string[],
  pathOf = (job: number): string => `jobs[${job}]`,
): Problem[] {
  const names = new Set(known);
  return listOf(document, 'jobs').flatMap((job, i) => {
    const step = textOf(job, 'name') ?? pathOf(i);
    const calls: [string, string | undefined][] = [
      [`${pathOf(i)}.function`, textOf(job, 'function')],
      ...listOf(job, 'tasks').map((task, t): [string, string | undefined] => [
        `${pathOf(i)}.tasks[${t}].function`,
        textOf(task, 'function'),
      ]),
    ];
    return calls.flatMap(([path, name]) =>
      name === undefined || names.has(name) ? [] : [unknownFunction(step, { path, name, known })],
    );
  });
}

function unknownFunction(
  step: string,
  { path, name, known }: { path: string; name: string; known: readonly string[] },
): Problem {
  const others =
    known.length === 0
      ? 'Give the modules that export it: --functions MODULE.'
      : `Known: ${known.slice(0, 8).join(', ')}.`;
  return {
    code: 'UNKNOWN_FUNCTION',
    path,
    message: `Step "${step}" calls the function "${name}", which no module exports.`,
    hint: didYouMean(name, known) ?? others,
  };
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function listOf(value: unknown, key: string): unknown[] {
  const list = fieldOf(value, key);
  return Array.isArray(list) ? list : [];
}

function textOf(value: unknown, key: string): string | undefined {
  const text = fieldOf(value, key);
  return typeof text === 'string' && text !== '' ? text : undefined;
}
