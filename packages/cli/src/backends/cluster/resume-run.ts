/** Goes on with a run of a cluster whose controller is gone. */
import { KtError } from '@kube-transform/sdk';
import { formatSummary, systemClock } from '@kube-transform/runtime/internal';
import {
  ANNOTATION,
  createControllerJob,
  type KubeApi,
  liveControllers,
  paths,
  RUN_KEY,
} from '@kube-transform/runtime/kubernetes';
import { findClusterRun, statusOf } from './find-runs.js';
import { publishedBefore } from '../../delivery/delivery.js';
import type { PublishedRun } from './submit-run.js';
import { shellWord } from '../../terminal/plain-text.js';

/**
 * Starts another controller of a run, of the version that it began with.
 *
 * @throws KtError `UNKNOWN_RUN`, `RUN_CANCELLED`, `RUN_OVER`, `RUN_DELETED`, and without `steal`
 * `RUN_IS_DRIVEN`.
 */
export async function resumeRun(
  api: KubeApi,
  typed: string,
  { steal = false }: { steal?: boolean } = {},
): Promise<PublishedRun> {
  const { runId, object, config, summary } = await findClusterRun(api, typed);
  const refuse = (code: string, message: string, hint: string): KtError =>
    new KtError({ code, path: 'run', message, hint });
  const status = statusOf(summary, false);
  if (object.data?.[RUN_KEY.cancel] !== undefined || status === 'Cancelled') {
    throw refuse(
      'RUN_CANCELLED',
      `Run "${runId}" was cancelled.`,
      `Repeat what it had not done: kt retry ${shellWord(runId)} --failed`,
    );
  }
  if (status !== 'Interrupted') {
    const hint =
      status === 'Failed'
        ? `Repeat what failed: kt retry ${shellWord(runId)} --failed`
        : `Run it again as a whole: kt submit ${shellWord(config.source?.pipeline ?? 'PIPELINE')}`;
    throw refuse('RUN_OVER', `Run "${runId}" has ended: it is ${status}.`, hint);
  }
  const [driver] = steal ? [] : await liveControllers(api, runId);
  if (driver !== undefined) {
    const hint = `Follow it: kt status ${shellWord(runId)} --follow; if you know that it is lost, use --steal.`;
    throw refuse(
      'RUN_IS_DRIVEN',
      `Run "${runId}" is being driven by the Job "${driver.metadata.name}".`,
      hint,
    );
  }
  // Whoever is about to delete the run as it was, does not. What stopped the last controller is no news of
  // the next.
  const news = { ...summary, status: 'Running', problem: null, trouble: null } as const;
  const change = {
    metadata: { annotations: { [ANNOTATION.usedAt]: new Date(systemClock.nowMs()).toISOString() } },
    ...(object.data?.[RUN_KEY.summary] === undefined
      ? {}
      : { data: { [RUN_KEY.summary]: formatSummary(news) } }),
  };
  const path = paths.configMaps(api.namespace, object.metadata.name);
  if ((await api.patch(path, change, { type: 'merge' })) === null)
    throw refuse('RUN_DELETED', `Run "${runId}" was just deleted.`, 'Begin another one: kt submit.');
  await createControllerJob(api, { config, uid: object.metadata.uid ?? '', start: systemClock.randomId(6) });
  return { runId, config, bundle: publishedBefore(config) };
}
