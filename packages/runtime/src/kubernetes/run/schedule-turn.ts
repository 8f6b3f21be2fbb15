/*
 * Whether a schedule begins a run now: what `Forbid` and `Replace` mean for runs, which live longer than the
 * pods that begin them.
 *
 * ST1 Of two launchers of one schedule at one instant only one begins a run: what was begun last stands on
 *     the ConfigMap of the deployment, and is changed only as it was read.
 * ST2 A run is in the way until none of its pods works: also one that is being cancelled or begun, and one
 *     whose controller is gone. One that nobody drives and of which nothing works is in nobody's way.
 */
import { KtError } from '@kube-transform/sdk';
import type { Clock } from '../../ports/index.js';
import { parseSummary } from '../../reporting/reported-summary.js';
import { isOver } from '../../reporting/run-summary.js';
import type { KubeApi } from '../api/kube-api.js';
import { isKubeError } from '../api/kube-error.js';
import type { ConfigMap, Job } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { ANNOTATION, deploymentName, LABEL, runName } from '../manifests/names.js';
import { RUN_KEY } from '../manifests/run-config.js';
import { drivenRuns, flagCancelled } from './run-objects.js';

/** How long a run may take from its ConfigMap to its controller. */
const BEGINS_WITHIN_MS = 600_000;
/** How long ago a run may have been cancelled whose pods are looked for. */
const ENDS_WITHIN_MS = 3_600_000;
/** How long `Replace` waits for the pods of the runs that it cancels. */
const REPLACE_WITHIN_MS = 1_800_000;
const LOOK_EVERY_MS = 10_000;

/** A schedule that is to begin a run. */
export interface Turn {
  pipeline: string;
  /** Name of its CronJob. */
  schedule: string;
  /** The run that is to be begun. */
  runId: string;
  policy: 'Allow' | 'Forbid' | 'Replace';
  clock: Clock;
  /** Told of each run that is cancelled. */
  onCancelled: (runId: string) => void;
}

/**
 * Resolves with the runs in whose favour none is begun; with none where one is to be begun now.
 *
 * @throws KtError `RUN_NOT_ENDED` where a run that is to be replaced does not end.
 */
export async function takeTurn(api: KubeApi, turn: Turn): Promise<string[]> {
  if (turn.policy === 'Allow') return [];
  const { clock, runId } = turn;
  const endMs = clock.elapsedMs() + REPLACE_WITHIN_MS;
  const cancelled = new Set<string>();
  for (;;) {
    const deployment = await deploymentOf(api, turn);
    const beginning = beganLast(deployment, turn);
    const going = await runsUnderWay(api, turn, beginning);
    if (going.length === 0) {
      if (deployment === undefined || (await noteBegun(api, deployment, turn))) return [];
      continue;
    }
    if (turn.policy === 'Forbid') return going.map(({ id }) => id);
    for (const { id, run, isDriven } of going) {
      if (run === undefined) continue;
      if (!cancelled.has(id)) {
        await flagCancelled(api, run, clock);
        turn.onCancelled(id);
        cancelled.add(id);
      }
      if (!isDriven) await deleteSteps(api, run);
    }
    if (clock.elapsedMs() > endMs) {
      const ids = going.map(({ id }) => id).join(', ');
      throw new KtError({
        code: 'RUN_NOT_ENDED',
        path: runId,
        message: `Run ${ids} of this schedule was cancelled to be replaced, and pods of it are still there.`,
        hint: 'See them: kubectl get pods -l kt.dev/run. Where their node is lost, delete the Node object.',
      });
    }
    await clock.sleep(LOOK_EVERY_MS);
  }
}

/** A run that is in the way; one that is only being begun may have no ConfigMap yet. */
interface Going {
  id: string;
  run: ConfigMap | undefined;
  isDriven: boolean;
}

/** The other runs of a schedule that are in the way. */
async function runsUnderWay(
  api: KubeApi,
  { schedule, runId, clock }: Turn,
  beginning: string | undefined,
): Promise<Going[]> {
  const labelSelector = `${LABEL.schedule}=${schedule},${LABEL.component}=run`;
  const [runs, driven] = await Promise.all([
    api.list<ConfigMap>(paths.configMaps(api.namespace), { labelSelector }),
    drivenRuns(api),
  ]);
  const going: Going[] = [];
  for (const run of runs.items) {
    if (run.metadata.name === runName(runId)) continue;
    const id = run.metadata.annotations?.[ANNOTATION.runId] ?? run.metadata.name;
    const isDriven = driven.has(run.metadata.labels?.[LABEL.run] ?? '');
    if (await isInTheWay(api, run, { isDriven, nowMs: clock.nowMs() })) going.push({ id, run, isDriven });
  }
  if (beginning !== undefined && !runs.items.some(({ metadata }) => metadata.name === runName(beginning)))
    going.push({ id: beginning, run: undefined, isDriven: false });
  return going;
}

async function isInTheWay(
  api: KubeApi,
  run: ConfigMap,
  { isDriven, nowMs }: { isDriven: boolean; nowMs: number },
): Promise<boolean> {
  const { [RUN_KEY.cancel]: cancel, [RUN_KEY.summary]: summary } = run.data ?? {};
  const isEnded = hasEnded(summary);
  if (!isEnded && isDriven) return true;
  const ageMs = nowMs - (Date.parse(run.metadata.creationTimestamp ?? '') || 0);
  if (summary === undefined && cancel === undefined && ageMs < BEGINS_WITHIN_MS) return true;
  const cancelledMs = Date.parse(cancel ?? '') || 0;
  if (isEnded && nowMs - cancelledMs > ENDS_WITHIN_MS) return false;
  return (await stepsOf(api, run)).some(
    ({ status }) => (status?.active ?? 0) + (status?.terminating ?? 0) > 0,
  );
}

async function stepsOf(api: KubeApi, { metadata }: ConfigMap): Promise<Job[]> {
  const labelSelector = `${LABEL.run}=${metadata.labels?.[LABEL.run] ?? ''},${LABEL.component}=task`;
  return (await api.list<Job>(paths.jobs(api.namespace), { labelSelector })).items;
}

async function deleteSteps(api: KubeApi, run: ConfigMap): Promise<void> {
  for (const { metadata } of await stepsOf(api, run))
    await api.delete(paths.jobs(api.namespace, metadata.name));
}

/** Whether a report says that a run is over; one that cannot be read does not. */
function hasEnded(report: string | undefined): boolean {
  try {
    const run = { runId: '', pipeline: '', createdMs: 0, retryOf: null };
    return isOver(parseSummary(report, run, ''));
  } catch {
    return false;
  }
}

/** The ConfigMap that says which version is deployed; undefined where there is none. */
async function deploymentOf(api: KubeApi, { pipeline }: Turn): Promise<ConfigMap | undefined> {
  const which = { fieldSelector: `metadata.name=${deploymentName(pipeline)}` };
  return (await api.list<ConfigMap>(paths.configMaps(api.namespace), which)).items[0];
}

/** The annotation of what a schedule began last. */
const begunBy = (schedule: string): string => `kt.dev/run-of.${schedule}`;

/** The run that another launcher of the schedule has just decided to begin. */
function beganLast(deployment: ConfigMap | undefined, { schedule, runId, clock }: Turn): string | undefined {
  const [id = '', at = ''] = (deployment?.metadata.annotations?.[begunBy(schedule)] ?? '').split(' ');
  const nowMs = clock.nowMs();
  const isRecent = nowMs - (Date.parse(at) || 0) < BEGINS_WITHIN_MS;
  return id === '' || id === runId || !isRecent ? undefined : id;
}

/** Notes that a schedule begins a run; false where the ConfigMap has changed since it was read. */
async function noteBegun(
  api: KubeApi,
  { metadata }: ConfigMap,
  { schedule, runId, clock }: Turn,
): Promise<boolean> {
  const annotations = { [begunBy(schedule)]: `${runId} ${new Date(clock.nowMs()).toISOString()}` };
  const change = { metadata: { resourceVersion: metadata.resourceVersion, annotations } };
  const path = paths.configMaps(api.namespace, metadata.name);
  try {
    return (await api.patch<ConfigMap>(path, change, { type: 'merge' })) !== null;
  } catch (error) {
    if (!isKubeError(error, 409)) throw error;
    return false;
  }
}
