/** The objects of a run in a cluster: its ConfigMap owns the others, and deleting it ends the run. */
import { KtError } from '@kube-transform/sdk';
import type { RunRecord } from '@kube-transform/runtime';
import { systemClock } from '@kube-transform/runtime/internal';
import {
  createRunObjects,
  type KubeApi,
  renewBundle,
  type RunConfig,
} from '@kube-transform/runtime/kubernetes';
import { shellWord } from '../../terminal/plain-text.js';

/** A run that is to be begun. */
export interface NewRun {
  config: RunConfig;
  /** Null where the store has it. */
  record: RunRecord | null;
  /** Brings its code again, where that was deleted meanwhile. Default: it cannot be brought. */
  bring?: (() => Promise<unknown>) | undefined;
  /** It may be there, perhaps half made: then it is made whole. Default false. */
  again?: boolean;
}

/**
 * Makes the objects of a new run and starts its controller; sees to it that its code stays.
 *
 * @throws KtError `RUN_EXISTS`; `BUNDLE_GONE` where the code was deleted, and is not at hand.
 */
export async function publishRun(
  api: KubeApi,
  { config, record, bring, again = false }: NewRun,
): Promise<void> {
  const { runId, digest } = config;
  if (!(await createRunObjects(api, { config, record, again })) && !again) {
    throw new KtError({
      code: 'RUN_EXISTS',
      path: '--run-id',
      message: `There is a run "${runId}" in namespace "${api.namespace}" already.`,
      hint: `See it: kt status ${shellWord(runId)}`,
    });
  }
  // Who looks from now on finds the run, and leaves its code alone; who had looked before deletes only what
  // has not changed since.
  if (await renewBundle(api, config, systemClock)) return;
  if (bring !== undefined) await bring();
  else {
    throw new KtError({
      code: 'BUNDLE_GONE',
      path: digest,
      message: `The code of run "${runId}" is no longer in namespace "${api.namespace}": its ConfigMaps were deleted.`,
      hint: `Give the run up, and begin one with the code of your project: kt cancel ${shellWord(runId)}; kt submit ${shellWord(config.pipeline)}`,
    });
  }
}
