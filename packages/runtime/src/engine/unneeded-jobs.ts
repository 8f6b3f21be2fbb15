/*
 * What files of earlier runs spare a run: jobs that nobody needs, because all that waits for them has been
 * made; and how a file that is made anew has what comes after it made anew.
 *
 * UN1 A job is left out only where it has no files of its own, and each job that waits for it is made, or
 *     left out itself; one that nothing waits for never is.
 * UN2 A job is made where its files are all there, not older than what it and the jobs before it read and
 *     make, and nothing before it is still to be made. Files that depend on items or results are looked at
 *     when the job runs.
 * - Where a job may spawn others, all are needed: what they wait for is not known.
 */
import { type Json, type KTJob, refSources } from '@kube-transform/sdk';
import { ktFiles } from '../files/kt-files.js';
import type { FileStore } from '../ports/index.js';
import { ItemTargets } from '../worker/item-targets.js';

/** Jobs, so that none is before one that it depends on; those in a circle are left out. */
function inOrder(jobs: readonly KTJob[]): KTJob[] {
  const open = new Map(jobs.map(({ name, dependencies }) => [name, dependencies.length]));
  const after = waitingFor(jobs);
  const ready = jobs.filter(({ dependencies }) => dependencies.length === 0);
  for (const job of ready)
    for (const next of after.get(job.name) ?? []) {
      const left = (open.get(next.name) ?? 0) - 1;
      open.set(next.name, left);
      if (left === 0) ready.push(next);
    }
  return ready;
}

/** The jobs that wait for each. */
function waitingFor(jobs: readonly KTJob[]): Map<string, KTJob[]> {
  const after = new Map<string, KTJob[]>();
  for (const job of jobs)
    for (const before of job.dependencies) {
      const others = after.get(before);
      if (others === undefined) after.set(before, [job]);
      else others.push(job);
    }
  return after;
}

/** The files that it makes do not depend on items or results. */
const isKnown = ({ outputs, items, tasks }: KTJob): boolean =>
  outputs.length > 0 && items === null && tasks.length <= 1 && refSources(outputs).size === 0;

/** Jobs that also read what the jobs before them make: a file that is made anew is newer than theirs. */
export function withFilesBefore(jobs: readonly KTJob[]): KTJob[] {
  if (!jobs.some(isKnown)) return [...jobs];
  const made = new Map<string, readonly Json[]>();
  const read = new Map<string, readonly Json[]>();
  for (const job of inOrder(jobs)) {
    const before = [...new Set(job.dependencies.flatMap(name => made.get(name) ?? []))];
    if (job.outputs.length > 0 && before.length > 0) read.set(job.name, before);
    made.set(job.name, isKnown(job) ? job.outputs : before);
  }
  return jobs.map(job => {
    const before = read.get(job.name);
    return before === undefined ? job : { ...job, inputs: [...job.inputs, ...before] };
  });
}

const NONE: ReadonlySet<string> = new Set();

/** The names of the jobs that are left out. Those that are forced are not, nor what they wait for. */
export async function unneededJobs(
  jobs: readonly KTJob[],
  { store, runId, forced = NONE }: { store: FileStore; runId: string; forced?: ReadonlySet<string> },
): Promise<ReadonlySet<string>> {
  const unneeded = new Set<string>();
  if (!jobs.some(isKnown) || jobs.some(({ type }) => type === 'dynamic')) return unneeded;
  const host = { store, files: ktFiles(store), resultCache: new Map() };
  const ordered = inOrder(jobs);
  const [made, stale] = [new Set<string>(), new Set<string>()];
  for (const job of ordered) {
    if (job.dependencies.some(name => stale.has(name))) stale.add(job.name);
    else if (job.outputs.length > 0) {
      const isForced = forced.has(job.name);
      const isMade = isKnown(job) && (await isMadeNow(new ItemTargets({ runId, job, isForced }, host)));
      (isMade ? made : stale).add(job.name);
    } else if (forced.has(job.name)) stale.add(job.name);
  }
  const after = waitingFor(jobs);
  for (const { name, outputs } of ordered.reverse()) {
    const waiting = after.get(name) ?? [];
    const isSpared = waiting.length > 0 && waiting.every(job => made.has(job.name) || unneeded.has(job.name));
    if (outputs.length === 0 && isSpared && !forced.has(name)) unneeded.add(name);
  }
  return unneeded;
}

async function isMadeNow(targets: ItemTargets): Promise<boolean> {
  const looked = await targets.look({ value: null, index: 0 });
  return !('kind' in looked) && looked.isMade;
}
