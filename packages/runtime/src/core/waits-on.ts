/** The graph of what waits on what: dependencies, and parents on their children. */
import {
  circleProblem,
  circleText,
  dataSources,
  didYouMean,
  type KTJob,
  omitUndefined,
  type Problem,
  refProblems,
} from '@kube-transform/sdk';
import { FIRST_EDGE, field, PARENT } from './rows.js';
import { COMPLETED, statusNumber, type Tallies } from './status.js';

/*
 * The waits-on graph: a job waits on its dependencies and, once it has spawned, on its children. It must stay
 * acyclic.
 */

/** The jobs of a run and the edges along which others wait on them. A job is its index; -1 is none. */
export interface WaitsOn extends Tallies {
  readonly jobs: KTJob[];
  readonly byName: Map<string, number>;
  /** Two numbers for each edge: the job that depends, and the next edge of the same dependency or -1. */
  edges: Int32Array;
  /**
   * Sources of refs that are data, with a job that has them; of the first `readRefs` jobs. Filled when
   * something is spawned: no step may come by the name of one.
   */
  readonly dataRefs: Map<string, string>;
  readRefs: number;
}

/** The jobs that depend on one, in registration order. */
export function* dependentsOf({ rows, edges }: WaitsOn, job: number): Generator<number, void, undefined> {
  for (let e = field(rows, job, FIRST_EDGE); e >= 0; e = edges[2 * e + 1] ?? -1) yield edges[2 * e] ?? -1;
}

/** Distinct unknown names for which a near one is searched: each search looks at thousands of names. */
const MAX_HINTS = 20;

/**
 * Everything that is wrong with what `parent` spawned; empty where it can join the run.
 *
 * Codes: `DUPLICATE_NAME`, `UNKNOWN_DEPENDENCY`, `CYCLE`, and those of refs. Costs O(spawned jobs + their
 * dependencies + their arguments), and a
 * walk of what waits on the parent only where one of them depends on a job outside the list that is not
 * Completed.
 */
export function spawnProblems(graph: WaitsOn, parent: number, spawned: readonly KTJob[]): Problem[] {
  const known = graph.byName;
  const parentName = nameOf(graph, parent);
  const problems: Problem[] = [];
  const index = new Map<string, number>();
  spawned.forEach((job, i) => {
    const twin = index.get(job.name);
    if (twin === undefined) index.set(job.name, i);
    if (twin === undefined && !known.has(job.name)) return;
    const where = twin === undefined ? 'a step of the run' : `spawned[${twin}]`;
    const message = `The name "${job.name}" is taken by ${where}.`;
    problems.push({
      code: 'DUPLICATE_NAME',
      path: `spawned[${i}].name`,
      message,
      hint: 'Give each step its own name.',
    });
  });

  const hints = new Map<string, string | undefined>();
  let waiters: Map<number, number> | undefined;
  spawned.forEach((job, i) => {
    job.dependencies.forEach((name, d) => {
      if (index.has(name)) return;
      const path = `spawned[${i}].dependencies[${d}]`;
      const outside = known.get(name);
      if (outside === undefined) {
        const message = `Step "${job.name}", spawned by "${parentName}", depends on "${name}", which does not exist.`;
        const hint = nearName(name, { hints, index, known });
        problems.push({ code: 'UNKNOWN_DEPENDENCY', path, message, ...omitUndefined({ hint }) });
      } else if (statusNumber(graph.rows, outside) !== COMPLETED) {
        // What is Completed waits on nothing, so not on the parent either.
        waiters ??= waitersOf(graph, parent);
        if (!waiters.has(outside)) return;
        const circle = [job.name, ...chain(outside, waiters).map(at => nameOf(graph, at)), job.name];
        const message = `Step "${job.name}" depends on "${name}", which waits on it: ${circleText(circle)}.`;
        problems.push({
          code: 'CYCLE',
          path,
          message,
          hint: `"${parentName}" is done only when "${job.name}" is: remove this dependency.`,
        });
      }
    });
  });
  const steps = {
    has: (name: string) => index.has(name) || known.has(name),
    keys: () => new Set([...index.keys(), ...known.keys()]).keys(),
  };
  const refused = refProblems(spawned, steps, { list: 'spawned', hasParams: false });
  const wrong = [...problems, ...refused, ...takenByData(graph, spawned)];
  if (wrong.length > 0) return wrong;
  const within = circleProblem(spawned, index, 'spawned');
  return within === undefined ? [] : [within];
}

/** Names that a step of the run has in refs that were data, as there was no such step when it began. */
function takenByData(graph: WaitsOn, spawned: readonly KTJob[]): Problem[] {
  for (; graph.readRefs < graph.jobs.length; graph.readRefs++) {
    const job = graph.jobs[graph.readRefs];
    if (job === undefined) continue;
    for (const source of dataSources(job)) graph.dataRefs.set(source, job.name);
  }
  return spawned.flatMap((job, i): Problem[] => {
    const user = graph.dataRefs.get(job.name);
    if (user === undefined || graph.byName.has(job.name)) return [];
    const message = `Step "${user}" has a ref to "${job.name}", but does not wait for it.`;
    const hint = `Spawn what uses the result of "${job.name}" along with it, with the dependency.`;
    return [{ code: 'REF_WITHOUT_DEPENDENCY', path: `spawned[${i}].name`, message, hint }];
  });
}

function nearName(
  name: string,
  seen: {
    hints: Map<string, string | undefined>;
    index: ReadonlyMap<string, number>;
    known: ReadonlyMap<string, number>;
  },
): string | undefined {
  if (!seen.hints.has(name) && seen.hints.size < MAX_HINTS) {
    seen.hints.set(name, didYouMean(name, [...seen.index.keys(), ...seen.known.keys()]));
  }
  return seen.hints.get(name);
}

function nameOf(graph: WaitsOn, i: number): string {
  return graph.jobs[i]?.name ?? '';
}

/** All that wait on a job, itself included, each with the next step towards it (-1 for itself). */
function waitersOf(graph: WaitsOn, job: number): Map<number, number> {
  const next = new Map([[job, -1]]);
  const work = [job];
  const visit = (waiter: number, towards: number): void => {
    if (waiter < 0 || next.has(waiter)) return;
    next.set(waiter, towards);
    work.push(waiter);
  };
  for (let at = work.pop(); at !== undefined; at = work.pop()) {
    for (const dependent of dependentsOf(graph, at)) visit(dependent, at);
    visit(field(graph.rows, at, PARENT), at);
  }
  return next;
}

function chain(from: number, next: ReadonlyMap<number, number>): number[] {
  const jobs: number[] = [];
  for (let at = from; at >= 0; at = next.get(at) ?? -1) jobs.push(at);
  return jobs;
}
