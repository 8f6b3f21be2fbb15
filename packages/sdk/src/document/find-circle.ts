/** Circles of dependencies: one is found among jobs, and told in words. */
import type { Problem } from '../errors.js';
import type { KTJob } from './spec.js';

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
 * Finds a circle of dependencies among jobs. Costs O(jobs + dependencies).
 *
 * @param index where in the list each name is; other names are passed over.
 * @param list what the list is called, for the path of the problem.
 * @returns a problem with the code `CYCLE`, or undefined where there is no circle.
 *
 * @example
 * ```ts
 * const jobs = [{ name: 'a', dependencies: ['b'] }, { name: 'b', dependencies: ['a'] }];
 * const index = new Map([['a', 0], ['b', 1]]);
 * circleProblem(jobs, index, 'jobs')?.message;
 * // → 'Steps depend on each other in a circle: a → b → a.'
 * ```
 */
export function circleProblem(
  jobs: readonly GraphJob[],
  index: ReadonlyMap<string, number>,
  list: string,
): Problem | undefined {
  const isOpen = circular(jobs, index);
  let at = isOpen.indexOf(true);
  if (at < 0) return undefined;
  // Following any dependency that is left leads into a circle.
  const next = new Map<number, number>();
  while (!next.has(at)) {
    const { dependencies = [] } = jobs[at] ?? {};
    const d = dependencies.findIndex(name => isOpen[index.get(name) ?? -1] === true);
    next.set(at, d);
    at = index.get(dependencies[d] ?? '') ?? at;
  }
  const walked = [...next.keys()];
  const names = walked.slice(walked.indexOf(at)).map(i => jobs[i]?.name ?? '');
  const [first = ''] = names;
  return {
    code: 'CYCLE',
    path: `${list}[${at}].dependencies[${next.get(at) ?? 0}]`,
    message:
      names.length === 1
        ? `Step "${first}" depends on itself.`
        : `Steps depend on each other in a circle: ${circleText([...names, first])}.`,
    hint: 'Remove one of these dependencies.',
  };
}

/**
 * Writes a circle as one goes round it; of more than twelve names the middle is left out.
 *
 * @example
 * ```ts
 * circleText(['a', 'b', 'a']); // → 'a → b → a'
 * ```
 */
export function circleText(names: readonly string[]): string {
  const shown = names.length <= 12 ? names : [...names.slice(0, 6), '…', ...names.slice(-5)];
  return shown.join(' → ');
}

/** Which jobs are on circles, or depend on some that are: those that Kahn's walk leaves. */
function circular(jobs: readonly GraphJob[], index: ReadonlyMap<string, number>): boolean[] {
  const dependents: number[][] = jobs.map(() => []);
  const open = jobs.map((job, i) => {
    const inside = job.dependencies.flatMap(name => index.get(name) ?? []);
    for (const dependency of inside) dependents[dependency]?.push(i);
    return inside.length;
  });
  const ready = open.flatMap((count, i) => (count === 0 ? [i] : []));
  for (let i = ready.pop(); i !== undefined; i = ready.pop()) {
    for (const dependent of dependents[i] ?? []) {
      const left = (open[dependent] ?? 0) - 1;
      open[dependent] = left;
      if (left === 0) ready.push(dependent);
    }
  }
  return open.map(count => count > 0);
}
