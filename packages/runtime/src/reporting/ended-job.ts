/** The job of a run whose result is asked for: it is there, and it has one. */
import { didYouMean, type FailureCause, KtError, type KTJob, omitUndefined } from '@kube-transform/sdk';
import { jobState, jobStates, type RunState } from '../core/index.js';

/** How many names a message lists. */
const SHOWN = 10;

/**
 * A job with a result, by its name.
 *
 * @throws KtError `UNKNOWN_JOB`; `JOB_FAILED` where it failed, with its cause as `cause`; `NO_RESULT` where
 * it did not run.
 */
export function endedJob(state: RunState, name: string): KTJob {
  const found = jobState(state, name);
  if (found === undefined)
    throw unknownJob(
      name,
      [...jobStates(state)].map(({ job }) => job.name),
    );
  const { job, own, status } = found;
  if (own.state === 'succeeded') return job;
  if (own.state === 'failed')
    throw refusal('JOB_FAILED', name, {
      says: `Step "${name}" failed: ${own.cause.message}`,
      cause: own.cause,
    });
  const [first] = status === 'SkippedDueToUpstreamFailure' ? failedBefore(state, job) : [];
  const why =
    first === undefined ? 'it has not ended' : `step "${first.name}" failed: ${first.cause.message}`;
  throw refusal('NO_RESULT', name, { says: `Step "${name}" has no result: ${why}`, cause: first?.cause });
}

/** A name that no step of a run has. */
export function unknownJob(name: string, names: readonly string[]): KtError {
  const shown = names.slice(0, SHOWN).join(', ') + (names.length > SHOWN ? ', …' : '');
  const message = `There is no step "${name}" in this run; there are: ${shown}.`;
  const hint = didYouMean(name, names);
  return new KtError(omitUndefined({ code: 'UNKNOWN_JOB', path: name, message, hint }));
}

function refusal(
  code: string,
  path: string,
  { says, cause }: { says: string; cause: FailureCause | undefined },
): KtError {
  const message = says.endsWith('.') ? says : `${says}.`;
  return new KtError({ code, path, message }, omitUndefined({ cause }));
}

/** What failed of all that a job waited for, spawned jobs included; the nearest first. */
function failedBefore(state: RunState, job: KTJob): { name: string; cause: FailureCause }[] {
  const waiting = [...job.dependencies];
  const seen = new Set(waiting);
  const failed: { name: string; cause: FailureCause }[] = [];
  for (const name of waiting) {
    const before = jobState(state, name);
    if (before === undefined) continue;
    if (before.own.state === 'failed') failed.push({ name, cause: before.own.cause });
    const children = before.status === 'DescendantFailed' ? childrenOf(state, name) : [];
    for (const next of [...before.job.dependencies, ...children]) {
      if (seen.has(next)) continue;
      seen.add(next);
      waiting.push(next);
    }
  }
  return failed;
}

const childrenOf = (state: RunState, name: string): string[] =>
  [...jobStates(state)].filter(({ parent }) => parent === name).map(({ job }) => job.name);
