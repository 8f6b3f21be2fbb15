/** What a retry of a run repeats: what failed, also where that was allowed, and all that depends on it. */
import type { RunState } from './run-state.js';

/** `failed`: items of it that are not done; `whole`: all of it, as it is given other results. */
export type Repeat = 'failed' | 'whole';

/**
 * The jobs that are repeated, by name.
 *
 * What depends on a job depends on all that it spawns, and what a job spawned that is repeated as a whole is
 * spawned anew.
 */
export function repeatedJobs(state: RunState): Map<string, Repeat> {
  const repeats = new Map<number, Repeat>();
  const children = childrenOf(state);
  for (const [job, own] of state.own.entries()) {
    const spawnedBadly = own.state === 'failed' && own.cause.kind === 'InvalidSpawn';
    if (own.state !== 'succeeded' || own.failedItems > 0) repeats.set(job, spawnedBadly ? 'whole' : 'failed');
  }
  const changed = [...repeats.keys()];
  const repeatWhole = (job: number): void => {
    if (!repeats.has(job)) changed.push(job);
    repeats.set(job, 'whole');
  };
  const seen = new Set<number>();
  for (const job of changed) {
    // What failed itself has spawned nothing.
    for (const child of repeats.get(job) === 'whole' ? (children.get(job) ?? []) : []) repeatWhole(child);
    for (let at = job; at >= 0 && !seen.has(at); at = state.parent[at] ?? -1) {
      seen.add(at);
      for (let e = state.firstEdge[at] ?? -1; e >= 0; e = state.nextEdge[e] ?? -1)
        repeatWhole(state.edgeTo[e] ?? -1);
    }
  }
  return new Map([...repeats].map(([job, how]) => [state.jobs[job]?.name ?? '', how]));
}

function childrenOf(state: RunState): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const job of state.jobs.keys()) {
    const parent = state.parent[job] ?? -1;
    if (parent < 0) continue;
    const list = children.get(parent);
    if (list === undefined) children.set(parent, [job]);
    else list.push(job);
  }
  return children;
}
