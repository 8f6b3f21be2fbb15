/**
 * Checks a pipeline before it runs: parameters, refs, and functions that are there. What `kt check` tells,
 * `kt run`, `kt submit` and `kt deploy` refuse, and nothing else.
 */
import {
  asRef,
  didYouMean,
  isPipeline,
  type Json,
  type KTJob,
  type KTPipeline,
  parsePipeline,
  parseRef,
  type Pipeline,
  type Problem,
  refSources,
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
  if (!parsed.ok) return { spec: null, problems: parsed.problems };
  const { jobs } = parsed.value;
  const names = new Set(jobs.map(job => job.name));
  const problems = jobs.flatMap((job, i) => [
    ...refProblems(job, { i, names }),
    ...(known === null ? [] : functionProblems(job, i, known)),
  ]);
  return { spec: parsed.value, problems };
}

/** A ref to a job that is no dependency would be read before the job has run. */
function refProblems(job: KTJob, { i, names }: { i: number; names: ReadonlySet<string> }): Problem[] {
  const dependencies = new Set(job.dependencies);
  const itemsRef = asRef(job.items);
  const needed = itemsRef === undefined ? [] : [parseRef(itemsRef).source];
  const sources: [string, Json][] = [
    ['args', job.args],
    ['items', Array.isArray(job.items) ? job.items : null],
    ['outputs', job.outputs],
    ['tasks', job.tasks as unknown as Json],
  ];
  const found = sources.flatMap(([field, value]) =>
    [...refSources(value)].filter(source => names.has(source)).map(source => ({ field, source })),
  );
  const all = [...found, ...needed.map(source => ({ field: 'items', source }))];
  return all.flatMap(({ field, source }) => {
    if (dependencies.has(source) || source === 'params') return [];
    const known = names.has(source);
    const hint = known
      ? `Add "${source}" to its dependencies.`
      : (didYouMean(source, names) ?? 'Refs are written {"$ref": "JOB#/0"}.');
    const message = `Step "${job.name}" uses the result of "${source}", which ${known ? 'is not among its dependencies' : 'does not exist'}.`;
    return [
      { code: known ? 'REF_WITHOUT_DEPENDENCY' : 'UNKNOWN_REF', path: `jobs[${i}].${field}`, message, hint },
    ];
  });
}

function functionProblems(job: KTJob, i: number, known: readonly string[]): Problem[] {
  const calls: [string, string | null][] =
    job.type === 'static'
      ? job.tasks.map((task, t) => [`jobs[${i}].tasks[${t}].function`, task.function])
      : [[`jobs[${i}].function`, job.function]];
  const names = new Set(known);
  return calls.flatMap(([path, name]) => {
    if (name === null || names.has(name)) return [];
    const hint =
      didYouMean(name, known) ??
      (known.length === 0
        ? 'Give the modules that export it: --functions MODULE.'
        : `Known: ${known.slice(0, 8).join(', ')}.`);
    return [
      {
        code: 'UNKNOWN_FUNCTION',
        path,
        message: `Step "${job.name}" calls the function "${name}", which no module exports.`,
        hint,
      },
    ];
  });
}
