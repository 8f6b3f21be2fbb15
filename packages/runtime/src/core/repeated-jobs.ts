/** Which jobs run again: in a retry what failed, and what is forced; with each, all that depends on it. */
import { field, PARENT } from './rows.js';
import type { RunState } from './run-state.js';
import { ownOf } from './status.js';
import { dependentsOf } from './waits-on.js';

/** `failed`: items of it that are not done; `whole`: all of it, as it is given other results. */
export type Repeat = 'failed' | 'whole';

/**
 * The jobs that are repeated, by name; those of `forced` as a whole, also where nothing failed in them.
 *
 * What depends on a job depends on all that it spawns, and what a job spawned that is repeated as a whole is
 * spawned anew.
 */
export function repeatedJobs(state: RunState, forced: Iterable<string> = []): Map<string, Repeat> {
  const repeats = new Map<number, Repeat>();
  for (const job of state.jobs.keys()) {
    const own = ownOf(state, job);
    const spawnedBadly = own.state === 'failed' && own.cause.kind === 'InvalidSpawn';
    if (own.state !== 'succeeded' || own.failedItems > 0) repeats.set(job, spawnedBadly ? 'whole' : 'failed');
  }
  for (const job of indices(state, forced)) repeats.set(job, 'whole');
  addAllAfter(state, repeats);
  return byName(state, repeats);
}

/** The jobs that are forced with those of these names: what they have spawned, and all that depends on it. */
export function forcedJobs(state: RunState, names: Iterable<string>): ReadonlySet<string> {
  const forced = new Map(indices(state, names).map(job => [job, 'whole' as const]));
  addAllAfter(state, forced);
  return new Set(byName(state, forced).keys());
}

/** Adds what depends on jobs, as a whole, and what those that are repeated as a whole have spawned. */
function addAllAfter(state: RunState, repeats: Map<number, Repeat>): void {
  const children = childrenOf(state);
  const changed = [...repeats.keys()];
  const repeatWhole = (job: number): void => {
    if (!repeats.has(job)) changed.push(job);
    repeats.set(job, 'whole');
  };
  const seen = new Set<number>();
  for (const job of changed) {
    // What failed itself has spawned nothing.
    for (const child of repeats.get(job) === 'whole' ? (children.get(job) ?? []) : []) repeatWhole(child);
    for (let at = job; at >= 0 && !seen.has(at); at = field(state.rows, at, PARENT)) {
      seen.add(at);
      for (const dependent of dependentsOf(state, at)) repeatWhole(dependent);
    }
  }
}

const indices = ({ byName: known }: RunState, names: Iterable<string>): number[] =>
  [...names].flatMap(name => known.get(name) ?? []);

const byName = ({ jobs }: RunState, found: ReadonlyMap<number, Repeat>): Map<string, Repeat> =>
  new Map([...found].map(([job, how]) => [jobs[job]?.name ?? '', how]));

function childrenOf(state: RunState): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const job of state.jobs.keys()) {
    const parent = field(state.rows, job, PARENT);
    if (parent < 0) continue;
    const list = children.get(parent);
    if (list === undefined) children.set(parent, [job]);
    else list.push(job);
  }
  return children;
}
