/** The refs of a document: a step that one names must be a dependency, and none may point nowhere. */
import type { Problem } from '../errors.js';
import { addKey, type Json } from '../json.js';
import { didYouMean } from './did-you-mean.js';
import { type FoundRef, parseRef, walkRefs } from './read-refs.js';
import type { KTJob } from './spec.js';

/** Sources that are no steps. */
const OWN = ['item', 'index', 'params'];
/** What refs to results look like; others may be data, such as those of a JSON schema. */
const OF_RESULTS = /^(\/\d+(\/.*)?)?$/s;
/** Names for which a near one is searched; looking for one costs a walk over all names. */
const HINTED = 50;

/** A set of names, or what can be asked like one. */
type ReadonlyNames = Pick<ReadonlySet<string>, 'has' | 'keys'>;

/**
 * Finds refs that would not give what they say: to a step that is no dependency, to one that there is not,
 * to an item outside of a map.
 *
 * A ref whose source is no step is data, as JSON schemas have them; not so as the items of a map or as a path
 * of `outputs`, nor where a near name makes it a slip. Codes: `REF_WITHOUT_DEPENDENCY`, `UNKNOWN_REF`,
 * `BAD_REF`. Costs a walk over all arguments.
 *
 * @param steps all steps that there are.
 * @param options `list`: what the list is called, for the paths of problems; `hasParams`: refs to parameters
 * may be left. Default true.
 *
 * @example
 * ```ts
 * const { jobs } = mustParsePipeline({ name: 'p', jobs: [{ type: 'map', name: 'm', items: [] }] });
 * const asking = jobs.map(job => ({ ...job, items: { $ref: 'list#/0' } }));
 * refProblems(asking, new Set(['list', 'm']), { list: 'jobs' }).map(problem => problem.code);
 * // → ['REF_WITHOUT_DEPENDENCY']
 * ```
 */
export function refProblems(
  jobs: readonly KTJob[],
  steps: Pick<ReadonlySet<string>, 'has' | 'keys'>,
  options: { list: string; hasParams?: boolean },
): Problem[] {
  const problems: Problem[] = [];
  const near = nearNames(steps);
  jobs.forEach((job, i) => {
    const dependencies = new Set(job.dependencies);
    const look = (value: unknown, field: Field): void => {
      walkRefs(value, found => {
        const problem = problemOf(found, { job, dependencies, steps, field, near, ...options });
        if (problem === undefined) return;
        const path = [...field.path, ...found.keys].reduce<string>(addKey, `${options.list}[${i}]`);
        problems.push({ path, ...problem });
      });
    };
    const isMap = job.type === 'map';
    look(job.args, { path: ['args'], hasItem: isMap });
    job.tasks.forEach((task, t) => {
      look(task.args, { path: ['tasks', t, 'args'], hasItem: false });
    });
    look(job.items, { path: ['items'], hasItem: false, isWhole: !Array.isArray(job.items) });
    look(job.container, { path: ['container'], hasItem: job.items !== null, isWhole: true });
    look(job.outputs, { path: ['outputs'], hasItem: true, isWhole: true });
    look(job.inputs, { path: ['inputs'], hasItem: true, isWhole: true });
  });
  return problems;
}

/** A field of a job that may hold refs. */
interface Field {
  path: (string | number)[];
  /** Refs to the item stand for something here. */
  hasItem: boolean;
  /** There is no data here that only looks like a ref. */
  isWhole?: boolean;
}

interface Place {
  /** The list that the jobs are in. */
  list: string;
  hasParams?: boolean;
  job: KTJob;
  dependencies: ReadonlySet<string>;
  steps: ReadonlyNames;
  field: Field;
  near: (name: string) => string | undefined;
}

/** "Did you mean", asked once for a name and not for too many. */
function nearNames(steps: ReadonlyNames): Place['near'] {
  const hints = new Map<string, string | undefined>();
  return name => {
    if (!hints.has(name) && hints.size < HINTED) hints.set(name, didYouMean(name, steps.keys()));
    return hints.get(name);
  };
}

function problemOf(
  { text, ref }: FoundRef,
  { job, dependencies, steps, field, near, hasParams = true }: Place,
): Omit<Problem, 'path'> | undefined {
  const source = text.split('#', 1)[0] ?? '';
  const step = `Step "${job.name}"`;
  const shown = JSON.stringify(text.slice(0, 80));
  if (ref === undefined) {
    if (field.isWhole !== true && !steps.has(source)) return undefined;
    const message = `${step} has {"$ref": ${shown}}, which is no ref.`;
    return { code: 'BAD_REF', message, hint: 'Refs are written {"$ref": "STEP#/0"}, with no other field.' };
  }
  if (OWN.includes(source)) {
    if (steps.has(source)) {
      const message = `${step} has a ref to "${source}", which means two things: there is a step of that name.`;
      return { code: 'BAD_REF', message, hint: 'Give the step another name.' };
    }
    if (source === 'params' ? hasParams : field.hasItem) return undefined;
    if (source === 'params') {
      const message = `${step} has a ref to parameters, which only the pipeline of a run has.`;
      return { code: 'BAD_REF', message, hint: 'Give the values to the function that spawns it.' };
    }
    const message = `${step} has a ref to "${source}" in its "${String(field.path[0])}", where there is none.`;
    return {
      code: 'BAD_REF',
      message,
      hint: 'Only what a step runs for each of its "items" is told of them, and its "outputs" and "inputs".',
    };
  }
  if (dependencies.has(source)) return undefined;
  if (steps.has(source)) {
    const [is, hint] =
      source === job.name
        ? ['which is itself', 'Use the result of a step before it.']
        : ['which is not among its dependencies', `Add "${source}" to its dependencies.`];
    const message = `${step} uses the result of "${source}", ${is}.`;
    return { code: 'REF_WITHOUT_DEPENDENCY', message, hint };
  }
  const mayBeData = field.isWhole !== true;
  if (mayBeData && !OF_RESULTS.test(text.slice(source.length + 1))) return undefined;
  const hint = near(source);
  if (mayBeData && hint === undefined) return undefined;
  const message = `${step} uses the result of "${source}", which does not exist.`;
  return { code: 'UNKNOWN_REF', message, hint: hint ?? 'Refs are written {"$ref": "STEP#/0"}.' };
}

/**
 * Lists the sources of a job's refs that nothing is filled in for; none may become the name of a step.
 *
 * @example
 * ```ts
 * const [job] = mustParsePipeline({
 *   name: 'etl',
 *   jobs: [{ type: 'dynamic', args: { schema: { $ref: 'other.json#/x' } } }],
 * }).jobs;
 * job && dataSources(job); // → ['other.json']
 * ```
 */
export function dataSources(job: KTJob): string[] {
  const sources = new Set<string>();
  const add = ({ ref }: FoundRef): void => {
    if (ref !== undefined) sources.add(parseRef(ref).source);
  };
  for (const value of [job.args, job.items, job.outputs, ...job.tasks.map((task): Json => task.args)])
    walkRefs(value, add);
  const known = new Set(['item', 'index', ...job.dependencies]);
  return [...sources].filter(source => !known.has(source));
}
