/** The Job of an item anew, where the cluster has none left: a pod reads in the run's store what it ran. */
import { isKtError, KtError } from '@kube-transform/sdk';
import { bundleRef, itemJob, ownerOf, type RunConfig } from '@kube-transform/runtime/kubernetes';
import { shellWord } from '../../../terminal/plain-text.js';
import { type LoggedRun, type Reading, readStored } from '../logs/stored-logs.js';
import type { ItemPod } from './item-pod.js';

/** What is said of the pod that reads. */
const WORDS = {
  name: 'The pod that reads what the item ran',
  code: 'READER_NOT_STARTED',
  reason: 'Its Job is gone, and a pod reads in the store of the run what it ran',
};

/** Makes it. @throws KtError `NO_JOB_LEFT` where the store has nothing of it, or cannot be read. */
export async function itemAgain(
  of: LoggedRun,
  { job: step, item }: { job: string; item: number | null },
  reading: Reading,
): Promise<ItemPod> {
  const asked = { what: 'step', selector: step, previous: false, words: WORDS } as const;
  try {
    for await (const value of readStored(of, { ...asked, ...(item === null ? {} : { item }) }, reading)) {
      if (!('step' in value)) continue;
      const { item: found, job, call } = value.step;
      const made = itemJob(frameOf(of), { job, call });
      return { job: made, pod: null, item: found, index: found, isContainer: call !== null, isAgain: true };
    }
  } catch (error) {
    if (!isKtError(error) || reading.signal.aborted || error.code === 'MISSING_ITEM') throw error;
    throw noJob(of.config, step, error);
  }
  throw noJob(of.config, step, null);
}

const frameOf = ({ config, object }: LoggedRun): Parameters<typeof itemJob>[0] => {
  const { runId, pipeline, settings } = config;
  return {
    ...{ runId, pipeline, settings, ...bundleRef(config) },
    owner: ownerOf(runId, object.metadata.uid ?? ''),
  };
};

function noJob({ runId }: RunConfig, step: string, cause: unknown): KtError {
  const [why] = isKtError(cause) ? cause.problems : [];
  const words = why === undefined ? '' : ` It cannot be made again: ${why.message}`;
  return new KtError(
    {
      code: 'NO_JOB_LEFT',
      path: 'step',
      message: `The cluster has no Job left of step "${step}" of run "${runId}".${words}`,
      hint: `${why?.hint ?? ''} kt retry ${shellWord(runId)} --failed begins what failed anew, and kt logs has what it printed.`.trim(),
    },
    { cause },
  );
}
