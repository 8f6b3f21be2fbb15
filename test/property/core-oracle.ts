/**
 * A naive second opinion of the core: statuses recomputed from the truth table, over the whole graph, by
 * fixpoint.
 */
import type { JobStatus, KTJob } from '@kube-transform/sdk';
import type { Fact } from '@kube-transform/runtime/internal';

export interface OracleJob {
  deps: readonly string[];
  parent: string | null;
  own: 'waiting' | 'submitted' | 'succeeded' | 'failed';
  cause?: string;
}
export type Oracle = Map<string, OracleJob>;
export type Statuses = Map<string, JobStatus>;

export const TERMINAL = ['Completed', 'Failed', 'DescendantFailed', 'SkippedDueToUpstreamFailure'];
export const BAD = ['Failed', 'DescendantFailed', 'SkippedDueToUpstreamFailure'];

/** The names of each job's children. */
function childrenIn(jobs: Oracle): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [name, { parent }] of jobs)
    if (parent !== null) found.set(parent, [...(found.get(parent) ?? []), name]);
  return found;
}

export function oracleStatuses(jobs: Oracle): Statuses {
  const found: Statuses = new Map();
  const childrenOf = childrenIn(jobs);
  const isBad = (name: string): boolean => BAD.includes(found.get(name) ?? '');
  const row = (name: string, job: OracleJob): JobStatus => {
    if (job.own === 'failed') return 'Failed';
    if (job.own === 'submitted') return 'Running';
    if (job.own === 'waiting') return job.deps.some(isBad) ? 'SkippedDueToUpstreamFailure' : 'Pending';
    const children = childrenOf.get(name) ?? [];
    if (children.some(isBad)) return 'DescendantFailed';
    return children.every(child => found.get(child) === 'Completed') ? 'Completed' : 'AwaitingDescendants';
  };
  for (let changed = true; changed;) {
    changed = false;
    for (const [name, job] of jobs) {
      const status = row(name, job);
      if (found.get(name) !== status) changed = true;
      found.set(name, status);
    }
  }
  return found;
}

export const isReady = (job: OracleJob, statuses: Statuses): boolean =>
  job.own === 'waiting' && job.deps.every(dep => statuses.get(dep) === 'Completed');

export function oracleAccepts(jobs: Oracle, parent: string, spawned: readonly KTJob[]): boolean {
  const all: Oracle = new Map(jobs);
  for (const job of spawned) {
    if (all.has(job.name)) return false;
    all.set(job.name, { deps: job.dependencies, parent, own: 'waiting' });
  }
  if (spawned.some(job => job.dependencies.some(dep => !all.has(dep)))) return false;
  const childrenOf = childrenIn(all);
  // Take away, again and again, what waits on nothing that is left; a circle stays.
  const waitsOn = (name: string, job: OracleJob): string[] => [...job.deps, ...(childrenOf.get(name) ?? [])];
  const left = new Map([...all].map(([name, job]) => [name, waitsOn(name, job)]));
  for (let took = true; took;) {
    took = false;
    for (const [name, needs] of left) if (!needs.some(need => left.has(need))) took = left.delete(name);
  }
  return left.size === 0;
}

export function oracleApply(jobs: Oracle, statuses: Statuses, fact: Fact): void {
  if (fact.type === 'RunCancelled') {
    for (const [name, job] of jobs) {
      if (job.own === 'succeeded' || TERMINAL.includes(statuses.get(name) ?? '')) continue;
      job.own = 'failed';
      job.cause = 'Cancelled';
    }
    return;
  }
  const job = jobs.get(fact.job);
  if (job === undefined || !(job.own === 'submitted' || isReady(job, statuses))) return;
  if (fact.type === 'JobSubmitted') job.own = 'submitted';
  else if (fact.type === 'JobFailed') [job.own, job.cause] = ['failed', fact.cause.kind];
  else if (!oracleAccepts(jobs, fact.job, fact.spawned ?? []))
    [job.own, job.cause] = ['failed', 'InvalidSpawn'];
  else {
    job.own = 'succeeded';
    for (const child of fact.spawned ?? [])
      jobs.set(child.name, { deps: child.dependencies, parent: fact.job, own: 'waiting' });
  }
}
