/** The graph of a document: names that are taken or unknown, and circles. */
import type { Problem } from '../errors.js';
import { didYouMean } from './did-you-mean.js';
import { circleProblem, type GraphJob } from './find-circle.js';

/** Problems that get a "did you mean"; looking for one costs a walk over all names. */
const HINTED = 50;

/**
 * Finds duplicate names, unknown dependencies and circles among jobs.
 *
 * Codes: `DUPLICATE_NAME`, `UNKNOWN_DEPENDENCY`, `CYCLE`. Costs O(jobs + dependencies).
 *
 * @example
 * ```ts
 * graphProblems([{ name: 'load', dependencies: ['load'] }]).map(formatProblem);
 * // → ['jobs[0].dependencies[0]: Step "load" depends on itself. Remove one of these dependencies.']
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
  const circle = circleProblem(jobs, index, 'jobs');
  return circle === undefined ? problems : [...problems, circle];
}
