/** Starts a run of a version that is deployed, without the source. */
import { KtError, omitUndefined } from '@kube-transform/sdk';
import { publishedBefore } from '../../delivery/delivery.js';
import { newRun, storedPipeline, systemClock } from '@kube-transform/runtime/internal';
import {
  type DeployedVersion,
  type KubeApi,
  type RunConfig,
  runConfigOf,
} from '@kube-transform/runtime/kubernetes';
import type { RunRecord } from '@kube-transform/runtime';
import type { RunRequest } from '../../pipeline/make-run.js';
import type { ClusterOptions } from '../../project/resolve-context.js';
import { publishRun } from './publish-run.js';
import type { PublishedRun } from './submit-run.js';
import { type boundTo, deployedParams } from './deployed-params.js';
import { findDeployment, readKept } from '../../deploy/deployments.js';
import { notDeployed } from '../../deploy/rollback.js';

/** What was typed about which version. */
interface Which extends ClusterOptions {
  version?: string;
  source: boolean;
}

/**
 * The deployed version that is meant: by a bare name, where it is deployed; null where the source is to be
 * taken.
 *
 * @throws KtError `NOT_DEPLOYED` and `UNKNOWN_VERSION` where a version was asked for.
 */
export async function findDeployed(
  api: KubeApi,
  { typed, functions }: RunRequest,
  { version, source }: Which,
): Promise<DeployedVersion | null> {
  if (
    typed === undefined ||
    source ||
    functions.length > 0 ||
    /[./#\\]/.test(typed) ||
    typed.startsWith('-')
  ) {
    if (version === undefined) return null;
    const hint =
      'Write kt submit PIPELINE --version VERSION; kt rollback PIPELINE --list shows what there is.';
    throw new KtError({
      code: 'BAD_VERSION',
      path: '--version',
      message: 'A version is one of a deployed pipeline, which is named by its name alone.',
      hint,
    });
  }
  const deployment = await findDeployment(api, typed);
  if (deployment === null && version === undefined) return null;
  if (deployment === null) throw await notDeployed(api, typed);
  return readKept(api, typed, version ?? deployment.version);
}

/** Starts a run of a version. @throws KtError for parameters that it does not take, `RUN_EXISTS`. */
export async function submitDeployed(
  api: KubeApi,
  { rest, pairs, runId, force }: RunRequest,
  { deployed, typed }: { deployed: DeployedVersion; typed: ClusterOptions },
): Promise<PublishedRun> {
  const made = await runOfVersion(deployed, { ...deployedParams(deployed, rest, pairs), runId, force });
  const { maxPods, maxRuns, keepFinished } = typed;
  const { config, record } = configured(api, { deployed, ...made }, { maxPods, maxRuns, keepFinished });
  await publishRun(api, { config, record });
  return { runId: record.runId, bundle: publishedBefore(deployed), config };
}

/** The record of a run of a version. @throws KtError for parameters that it does not take, `BAD_RUN_ID`. */
export async function runOfVersion(
  { spec, source }: DeployedVersion,
  {
    params,
    schema,
    runId,
    force,
  }: ReturnType<typeof boundTo> & { runId: string | undefined; force?: readonly string[] | undefined },
): Promise<{ record: RunRecord }> {
  const record = await newRun({
    pipeline: storedPipeline(spec, schema),
    params,
    clock: systemClock,
    source,
    ...omitUndefined({ runId, force }),
  });
  return { record };
}

/** The same with what its controller is told. */
export function configured(
  { namespace }: Pick<KubeApi, 'namespace'>,
  { deployed, record }: { deployed: DeployedVersion; record: RunRecord },
  typed: Pick<ClusterOptions, 'maxPods' | 'maxRuns' | 'keepFinished'> = {},
): { config: RunConfig; record: RunRecord } {
  const settings = { ...deployed.settings, namespace, ...omitUndefined(typed) };
  return { config: runConfigOf(deployed, record, settings), record };
}
