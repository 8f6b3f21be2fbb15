/** The graph of a document: names that are taken or unknown, and circles. */
import type { Problem } from '../errors.js';
import { didYouMean } from './did-you-mean.js';
import type { KTJob } from './spec.js';

/** Problems that get a "did you mean"; looking for one costs a walk over all names. */
const HINTED = 50;

/**
 * What the graph of a document is made of.
 *
 * @example
 * ```ts
 * const job: GraphJob = { name: 'load', dependencies: ['extract'] };
 * ```
 */
export type GraphJob = Pick<KTJob, 'name' | 'dependencies'>;

/**
 * Finds duplicate names, unknown dependencies and circles among jobs.
 *
 * Codes: `DUPLICATE_NAME`, `UNKNOWN_DEPENDENCY`, `CYCLE`. Costs O(jobs + dependencies).
 *
 * @example
 * ```ts
 * graphProblems([{ name: 'load', dependencies: ['load'] }]).map(formatProblem);
 * // → ['jobs[0].dependencies: Step "load" depends on itself. Remove one of these dependencies.']
 * ```
 */
export function graphProblems(jobs: readonly GraphJob[]): Problem[] {
  const index = new Map<string, number>();
  const problems: Problem[] = [];
  jobs.forEach((job, i) => {
    const first = index.get(job.name);
    if (first === undefined) index.set(job.name, i);
    else
      problems.push({
        code: 'DUPLICATE_NAME',
        path: `jobs[${i}].name`,
        message: `The name "${job.name}" is taken by jobs[${first}].`,
        hint: 'Give each step its own name.',
      });
  });
  jobs.forEach((job, i) => {
    job.dependencies.forEach((dependency, d) => {
      if (index.has(dependency)) return;
      const hint =
        (problems.length < HINTED ? didYouMean(dependency, index.keys()) : undefined) ??
        `Known steps: ${[...index.keys()].slice(0, 10).join(', ')}.`;
      problems.push({
        code: 'UNKNOWN_DEPENDENCY',
        path: `jobs[${i}].dependencies[${d}]`,
        message: `Step "${job.name}" depends on "${dependency}", which does not exist.`,
        hint,
      });
    });
  });
  const cycle = findCycle(jobs, index);
  if (cycle === undefined) return problems;
  const [first = ''] = cycle;
  problems.push({
    code: 'CYCLE',
    path: `jobs[${index.get(first) ?? 0}].dependencies`,
    message:
      cycle.length === 1
        ? `Step "${first}" depends on itself.`
        : `Steps depend on each other in a circle: ${[...cycle, first].join(' → ')}.`,
    hint: 'Remove one of these dependencies.',
  });
  return problems;
}

/**
 * Names on one cycle, or undefined. Kahn's walk leaves the cycles; following any dependency among what is
 * left finds one.
 */
function findCycle(jobs: readonly GraphJob[], index: Map<string, number>): string[] | undefined {
  const open = jobs.map(() => 0);
  const dependents: number[][] = jobs.map(() => []);
  jobs.forEach((job, i) => {
    for (const name of job.dependencies) {
      const at = index.get(name);
      if (at === undefined) continue;
      dependents[at]?.push(i);
      open[i] = (open[i] ?? 0) + 1;
    }
  });
  const ready = open.flatMap((n, i) => (n === 0 ? [i] : []));
  for (let i = ready.pop(); i !== undefined; i = ready.pop()) {
    for (const next of dependents[i] ?? []) {
      const left = (open[next] ?? 0) - 1;
      open[next] = left;
      if (left === 0) ready.push(next);
    }
  }
  let at = open.findIndex(n => n > 0);
  if (at < 0) return undefined;
  const seen = new Map<number, number>();
  const path: number[] = [];
  while (!seen.has(at)) {
    seen.set(at, path.length);
    path.push(at);
    at = jobs[at]?.dependencies.map(name => index.get(name) ?? -1).find(i => (open[i] ?? 0) > 0) ?? at;
  }
  return path.slice(seen.get(at)).map(i => jobs[i]?.name ?? '');
}
