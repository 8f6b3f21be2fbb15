/*
 * Ends a run of a cluster: the flag first, then its Jobs.
 *
 * CR1 The flag is in the run's ConfigMap before anything is deleted: whoever drives the run, now or later,
 *     ends it.
 * CR2 A controller that runs says itself how the run ended. Where none runs, or it does not react, its Job is
 *     deleted, and what is left to say is said here, when its pods are gone.
 * CR3 Jobs and pods, the controller's too, are looked for until there are none after the run has ended: one
 *     that was just being made is found by the next look.
 */
import type { FailureCause, JobStatus } from '@kube-transform/sdk';
import { KtError } from '@kube-transform/sdk';
import type { Clock, RunSummary } from '@kube-transform/runtime';
import { formatSummary, isOver } from '@kube-transform/runtime/internal';
import {
  type ConfigMap,
  controllerPods,
  flagCancelled,
  type Job,
  type KubeApi,
  liveControllers,
  paths,
  type Pod,
  RUN_KEY,
  selectRun,
} from '@kube-transform/runtime/kubernetes';
import type { Cancelled, CancelOptions } from '../backend.js';
import { runIsOver } from '../refusals.js';
import { inNamespace } from '../../cluster/connect.js';
import { type ClusterRun, runOf } from './find-runs.js';

const LOOK_EVERY_MS = 500;
/** A controller that runs takes a moment; one that has not reacted by then is not waited for. */
const REACTS_WITHIN_MS = 20_000;
const CAUSE: FailureCause = { kind: 'Cancelled', message: 'The run was cancelled.' };

/** Cancels a run and waits until none of its pods is left. @throws KtError `RUN_OVER`, `RUN_DELETED`. */
export async function cancelInCluster(
  api: KubeApi,
  run: ClusterRun,
  { timeoutMs, progress, signal, clock }: Required<CancelOptions> & { clock: Clock },
): Promise<Cancelled> {
  const { runId } = run;
  refuseEnded(run);
  await flag(api, run, clock);
  const beganMs = clock.elapsedMs();
  let told = '';
  let taken = false;
  for (;;) {
    const now = await look(api, run);
    refuseEnded(now.run);
    const over = isOver(now.run.summary);
    const left = [...now.pods, ...now.drivers];
    if (over && left.length === 0 && now.jobs.length === 0) return { pods: [], ended: true };
    if (now.jobs.length > 0)
      await api.deleteAll(paths.jobs(api.namespace), { labelSelector: selectRun(runId, 'task') });
    const isLate = clock.elapsedMs() - beganMs > Math.min(REACTS_WITHIN_MS, timeoutMs / 2);
    if (over && isLate && now.drivers.length > 0) await endControllers(api, runId);
    if (!over) {
      taken ||= !now.isDriven || isLate;
      if (taken && (await endControllers(api, runId))) await sayCancelled(api, now.run, clock.nowMs());
    }
    const text = waitingFor(now);
    if (text !== told) progress(text);
    told = text;
    if (signal.aborted || clock.elapsedMs() - beganMs > timeoutMs) return { pods: left, ended: over };
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
  }
}

function refuseEnded({ runId, summary }: ClusterRun): void {
  if (!isOver(summary) || summary.status === 'Cancelled') return;
  throw runIsOver({ runId }, summary.status);
}

async function flag(api: KubeApi, { runId, object }: ClusterRun, clock: Clock): Promise<void> {
  if (object.data?.[RUN_KEY.cancel] !== undefined) return;
  const flagged = await flagCancelled(api, object, clock);
  if (flagged === null) throw deleted(api, runId);
}

const deleted = (api: KubeApi, runId: string): KtError =>
  new KtError({
    code: 'RUN_DELETED',
    path: 'run',
    message: `Run "${runId}" was deleted ${inNamespace(api)}.`,
  });

/** What there is of a run. */
interface Look {
  run: ClusterRun;
  jobs: Job[];
  /** Names of the pods of its steps. */
  pods: string[];
  /** Names of the pods of its controllers that have not ended. */
  drivers: string[];
  /** A pod of a controller runs. */
  isDriven: boolean;
}

async function look(api: KubeApi, { runId, object }: ClusterRun): Promise<Look> {
  const labelSelector = selectRun(runId, 'task');
  // The run first: what is seen after it had ended stays so.
  const map = await api.get<ConfigMap>(paths.configMaps(api.namespace, object.metadata.name));
  const run = map === null ? null : runOf(map);
  if (run === null) throw deleted(api, runId);
  const [controllers, drivers, jobs, pods] = await Promise.all([
    liveControllers(api, runId),
    controllerPods(api, runId),
    api.list<Job>(paths.jobs(api.namespace), { labelSelector }),
    api.list<Pod>(paths.pods(api.namespace), { labelSelector }),
  ]);
  const isDriven = controllers.length > 0 && drivers.some(({ status }) => status?.phase === 'Running');
  return {
    ...{ run, jobs: jobs.items, isDriven },
    pods: pods.items.map(nameOf),
    drivers: drivers.map(nameOf),
  };
}

const nameOf = ({ metadata }: Pod): string => metadata.name;

/** Deletes the Jobs of controllers. True where none of their pods is left. */
async function endControllers(api: KubeApi, runId: string): Promise<boolean> {
  const labelSelector = selectRun(runId, 'controller');
  const { items } = await api.list<Job>(paths.jobs(api.namespace), { labelSelector });
  if (items.length > 0) await api.deleteAll(paths.jobs(api.namespace), { labelSelector });
  return (await liveControllers(api, runId)).length === 0 && (await controllerPods(api, runId)).length === 0;
}

/** Writes the last word of a run that nobody drives. */
async function sayCancelled(
  api: KubeApi,
  { object, summary, runId }: ClusterRun,
  nowMs: number,
): Promise<void> {
  const data = { [RUN_KEY.summary]: formatSummary(cancelledSummary(summary, nowMs)) };
  const path = paths.configMaps(api.namespace, object.metadata.name);
  if ((await api.patch(path, { data }, { type: 'merge' })) === null) throw deleted(api, runId);
}

/** A summary as the controller would have left it. */
export function cancelledSummary(summary: RunSummary, nowMs: number): RunSummary {
  const counts: RunSummary['counts'] = {};
  for (const [status, count] of Object.entries(summary.counts) as [JobStatus, number][]) {
    const then = endOf(status);
    counts[then] = (counts[then] ?? 0) + count;
  }
  const jobs = summary.jobs.map(job => {
    const status = endOf(job.status);
    const cause = status !== job.status && status === 'Failed' ? CAUSE : job.cause;
    return { ...job, status, cause, waiting: null };
  });
  return { ...summary, status: 'Cancelled', updatedMs: nowMs, jobs, counts, problem: null, trouble: null };
}

function endOf(status: JobStatus): JobStatus {
  if (status === 'AwaitingDescendants') return 'DescendantFailed';
  return status === 'Pending' || status === 'Running' ? 'Failed' : status;
}

function waitingFor({ pods, drivers, isDriven, run: { summary } }: Look): string {
  const over = isOver(summary);
  const left =
    pods.length === 0 ? '' : `${pods.length} ${pods.length === 1 ? 'pod has' : 'pods have'} still to end`;
  if (over) return left === '' && drivers.length > 0 ? "its controller's pod has still to end" : left;
  const who = isDriven ? 'waiting for its controller' : 'ending its controller';
  return left === '' ? who : `${who}, ${left}`;
}
