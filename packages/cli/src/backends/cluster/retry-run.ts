/** Starts a run of a cluster that repeats what failed in another. */
import { KtError, omitUndefined } from '@kube-transform/sdk';
import { forcing, makeRunId, systemClock } from '@kube-transform/runtime/internal';
import {
  DEFAULT_IMAGE,
  type KubeApi,
  liveControllers,
  type RunConfig,
} from '@kube-transform/runtime/kubernetes';
import type { Bundle } from '../../bundle/make-bundle.js';
import { withContext } from '../../cluster/connect.js';
import { chooseDelivery } from '../../delivery/choose-delivery.js';
import { type Delivered, publishedBefore } from '../../delivery/delivery.js';
import { noteChange, loadSource } from '../../pipeline/make-run.js';
import type { RetryOptions, StartedRun } from '../backend.js';
import { nothingFailed, runNotEnded } from '../refusals.js';
import { type ClusterRun, clusterRef, statusOf } from './find-runs.js';
import { publishRun } from './publish-run.js';
import { configOf, startedRun } from './submit-run.js';
import { shellWord } from '../../terminal/plain-text.js';

type Note = (text: string) => void;

/** How a server repeats a run, which has no project around it. */
interface AsItWas {
  /** With the code that the run was begun with. Default: with the project's as it is now. */
  asItWas?: boolean;
  /** Id of the new run, and the digest of what was asked for. */
  keyed?: { runId: string; request: string } | undefined;
}

/** Starts it with the functions as they are now. @throws KtError where that cannot be. */
export async function retryInCluster(
  api: KubeApi,
  run: ClusterRun,
  {
    functions = [],
    force = [],
    note = () => undefined,
    asItWas = false,
    keyed,
    ...driving
  }: RetryOptions & AsItWas,
): Promise<StartedRun> {
  const { runId, config } = run;
  refuseDriving(runId, driving);
  await mayRetry(api, run, force);
  const { source: old, pipeline } = config;
  const hasSource = functions.length > 0 || old?.pipeline != null || (old?.functions.length ?? 0) > 0;
  const loaded = hasSource && !asItWas ? await loadSource(old, functions) : null;
  const bundle = loaded?.bundle ?? null;
  const brought =
    bundle === null || bundle.digest === config.digest ? null : await bring(api, bundle, { config, note });
  // What is brought with packages outside it has a digest of its own for the platform of pods.
  const isSame = brought === null || brought.published.digest === config.digest;
  if (loaded !== null && !isSame) noteChange(runId, { began: config.digest, loaded }, note);
  const { published, settings } = isSame ? sameCode(config) : brought;
  const { besideMemory } = config;
  const again = configOf({
    runId: keyed?.runId ?? makeRunId(pipeline, systemClock),
    pipeline,
    from: runId,
    published,
    settings,
    source: loaded?.source ?? old,
  });
  await publishRun(api, {
    config: {
      ...again,
      ...omitUndefined({
        besideMemory,
        request: keyed?.request,
        force: force.length > 0 ? [...force] : undefined,
      }),
    },
    record: null,
    ...(bundle === null ? {} : { bring: () => bring(api, bundle, { config, note }) }),
  });
  return startedRun(api, { runId: again.runId, bundle: published, config: again });
}

function refuseDriving(runId: string, driving: Omit<RetryOptions, 'functions' | 'force' | 'note'>): void {
  const [flag] = Object.keys(omitUndefined(driving));
  if (flag === undefined) return;
  const message = `--${flag} says how a run is driven here, and run "${runId}" is in a cluster.`;
  throw new KtError({ code: 'UNEXPECTED_OPTION', path: `--${flag}`, message, hint: 'Leave it out.' });
}

/** Whether something is to be repeated in a run. */
async function mayRetry(api: KubeApi, run: ClusterRun, force: readonly string[]): Promise<void> {
  const { runId, summary, config } = run;
  const status = statusOf(summary, (await liveControllers(api, runId)).length > 0);
  if (status === 'Running') {
    throw new KtError({
      code: 'RUN_IS_DRIVEN',
      path: 'run',
      message: `Run "${runId}" is still going on.`,
      hint: `Wait for it: kt status ${shellWord(runId)} --follow; or end it: kt cancel ${shellWord(runId)}`,
    });
  }
  if (status === 'Interrupted') throw runNotEnded(clusterRef(api, config));
  const { pipeline, jobs, counts } = summary;
  const isWhole = jobs.length === Object.values(counts).reduce((sum, count) => sum + count, 0);
  // Of very many jobs not all are known here: the controller looks.
  if (isWhole) forcing({ name: pipeline, jobs: jobs.filter(({ parent }) => parent === null) }, force);
  if (status === 'Completed' && force.length === 0 && !summary.jobs.some(({ failed }) => failed > 0))
    throw nothingFailed(clusterRef(api, config));
}

/** The code that a run was made with, which is still there. */
const sameCode = (config: RunConfig): Pick<Delivered, 'published' | 'settings'> => ({
  published: publishedBefore(config),
  settings: config.settings,
});

/**
 * Brings changed code to where pods find it, as a submit would. An image that held the old code is not built
 * upon.
 */
async function bring(
  api: KubeApi,
  bundle: Bundle,
  { config, note }: { config: RunConfig; note: Note },
): Promise<Delivered> {
  const options = await withContext({});
  const { image = DEFAULT_IMAGE } = options;
  const settings = config.bundleParts === 0 ? { ...config.settings, image } : config.settings;
  return chooseDelivery(options, { api, progress: note }).deliver(bundle, settings);
}
