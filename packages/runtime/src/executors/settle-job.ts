/** Turns the outcomes of a job's pods into the fact about the job. */
import type { FailureCause, KTJob } from '@kube-transform/sdk';
import type { Fact } from '../core/events.js';
import type { PodOutcome } from '../run-store/item-results.js';
import { allowedFailures } from '../worker/retry-policy.js';

/** Adds the outcome of one pod to that of the others. */
export function addOutcome(sum: PodOutcome | undefined, pod: PodOutcome): PodOutcome {
  if (sum === undefined) return pod;
  const first = [sum.firstFailure, pod.firstFailure]
    .filter(failure => failure !== null)
    .sort((a, b) => a.item - b.item)[0];
  return {
    succeeded: sum.succeeded + pod.succeeded,
    failed: sum.failed + pod.failed,
    open: sum.open + pod.open,
    firstFailure: first ?? null,
    result: sum.result,
  };
}

/** The fact about a job whose pods have all ended. */
export async function settleJob(job: KTJob, items: number, outcome: PodOutcome): Promise<Fact> {
  if (outcome.failed > allowedFailures(job.maxFailed, items) && outcome.firstFailure !== null) {
    return { type: 'JobFailed', job: job.name, cause: itemsFailed(outcome, items, outcome.firstFailure) };
  }
  if (job.type !== 'dynamic') return { type: 'JobSucceeded', job: job.name, failedItems: outcome.failed };
  // What checks documents takes as long to load as all else of a controller; most runs spawn nothing.
  const { parseSpawn } = await import('@kube-transform/sdk');
  const parsed = parseSpawn(outcome.result ?? [], job.name);
  const failed = outcome.failed === 0 ? {} : { failedItems: outcome.failed };
  if (parsed.ok) return { type: 'JobSucceeded', job: job.name, spawned: parsed.value, ...failed };
  const first = parsed.problems[0];
  const message = `Step "${job.name}" must return a list of jobs, but: spawned${first?.path ?? ''}: ${first?.message ?? ''}`;
  return {
    type: 'JobFailed',
    job: job.name,
    cause: { kind: 'InvalidSpawn', message, problems: parsed.problems },
  };
}

function itemsFailed(
  outcome: PodOutcome,
  total: number,
  first: { item: number; cause: FailureCause },
): FailureCause {
  if (total === 1) return first.cause;
  const message = `${outcome.failed} of ${total} items failed, the first is ${first.item}: ${first.cause.message}`;
  return {
    kind: 'ItemsFailed',
    message,
    failed: outcome.failed,
    total,
    first: first.cause,
    firstItem: first.item,
  };
}
