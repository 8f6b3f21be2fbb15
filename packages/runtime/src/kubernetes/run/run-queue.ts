/*
 * Which runs of a namespace go on now: the first `maxRuns` in the order in which their controllers were made,
 * to the second.
 *
 * RQ1 A controller asks the cluster, not another controller: the oldest that have not ended go on, so whoever
 *     asks decides the same, and a run that was let in is never asked to stop.
 * - What waits here costs one watch, and the room of one controller.
 */
import { omitUndefined } from '@kube-transform/sdk';
import type { Clock } from '../../ports/index.js';
import type { KubeApi } from '../api/kube-api.js';
import type { KubeError } from '../api/kube-error.js';
import type { Job } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { watch } from '../api/watch.js';
import { ANNOTATION } from '../manifests/names.js';
import { CONTROLLERS, isLiveController } from './run-objects.js';

/** What is asked for. */
export interface QueuedRun {
  runId: string;
  /** Runs of the namespace that may go on at once. */
  maxRuns: number;
  clock: Clock;
  /** Ends the waiting. */
  signal: AbortSignal;
  /** Told where the run waits, each time that its place changes. */
  onWaiting: (message: string) => void;
  /** Told of what goes wrong and is tried again. */
  onTrouble: (error: unknown) => void;
  /** Told of a right that was missing and is there now. */
  onPassed?: (denied: KubeError) => void;
}

/**
 * Resolves when the run may go on, or when its signal is aborted: where it may at once, with the version at
 * which the namespace's Jobs were listed for that.
 */
export async function waitForTurn(
  api: KubeApi,
  { runId, maxRuns, clock, signal, onWaiting, onTrouble, onPassed }: QueuedRun,
): Promise<string | undefined> {
  const jobs = new Map<string, Job>();
  const target = { path: paths.jobs(api.namespace), labelSelector: CONTROLLERS };
  let told = '';
  let version: string | undefined;
  const deniedForMs = Number.POSITIVE_INFINITY;
  const options = { clock, signal, onTrouble, deniedForMs, ...omitUndefined({ onPassed }) };
  for await (const change of watch<Job>(api, target, options)) {
    if (change.type === 'list') {
      jobs.clear();
      version = change.resourceVersion;
      for (const job of change.items) jobs.set(job.metadata.name, job);
    } else if (change.type === 'gone') jobs.delete(change.object.metadata.name);
    else jobs.set(change.object.metadata.name, change.object);
    const before = runsBefore(runId, [...jobs.values()]);
    if (before.length < maxRuns) return told === '' ? version : undefined;
    const message = waitingMessage(before, maxRuns);
    if (message !== told) onWaiting(message);
    told = message;
  }
  return undefined;
}

/** The runs whose controllers were made before that of a run and have not ended, the oldest first. */
export function runsBefore(runId: string, controllers: readonly Job[]): string[] {
  const begun = new Map<string, string>();
  for (const job of controllers) {
    const { creationTimestamp = '', name, annotations } = job.metadata;
    const id = annotations?.[ANNOTATION.runId] ?? name;
    const order = `${creationTimestamp} ${name}`;
    if (isLiveController(job) && order < (begun.get(id) ?? '~')) begun.set(id, order);
  }
  const mine = begun.get(runId) ?? '~';
  const earlier = [...begun].filter(([id, order]) => id !== runId && order < mine);
  return earlier.sort(([, a], [, b]) => (a < b ? -1 : 1)).map(([id]) => id);
}

function waitingMessage(before: readonly string[], maxRuns: number): string {
  const waiting = before.length - maxRuns;
  const queue = waiting === 0 ? 'this one is next' : `${waiting} more wait before this one`;
  const some = before.slice(0, 3).join(', ');
  const others = before.length > 3 ? ', …' : '';
  return (
    `The namespace drives ${maxRuns} run${maxRuns === 1 ? '' : 's'} at once ("maxRuns" of kt.config.ts), and ` +
    `that many are under way (${some}${others}): ${queue}.`
  );
}
