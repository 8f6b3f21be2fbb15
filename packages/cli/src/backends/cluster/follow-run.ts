/**
 * Follows a run from outside its cluster: the summaries in its ConfigMap become events, as a run here has
 * them.
 */
import { KtError } from '@kube-transform/sdk';
import { type EventSink, type JobProgress, type RunEvent, systemClock } from '@kube-transform/runtime';
import {
  type ClusterSummary,
  type ConfigMap,
  watch,
  type KubeApi,
  paths,
  runName,
} from '@kube-transform/runtime/kubernetes';
import { watchController } from './controller-watch.js';
import { isOver, summaryOf } from './summary.js';

type Bare<T> = T extends unknown ? Omit<T, 'atMs' | 'runId'> : never;

/** How a run that is followed is shown. */
export interface Follower {
  sink: EventSink;
  note: (text: string) => void;
  signal: AbortSignal;
}

/**
 * Follows a run until it has ended, or the signal: then the last summary, or null.
 *
 * @throws KtError `RUN_DELETED`, `CONTROLLER_FAILED`.
 */
export async function followRun(
  api: KubeApi,
  runId: string,
  { sink, note, signal }: Follower,
): Promise<ClusterSummary | null> {
  const closing = new AbortController();
  signal.addEventListener('abort', () => closing.abort(), { once: true });
  if (signal.aborted) closing.abort();
  let heardMs = 0;
  let failure: { error: unknown } | undefined;
  const watching = watchController(api, runId, {
    note,
    heardMs: () => heardMs,
    signal: closing.signal,
  }).catch((error: unknown) => {
    failure = { error };
    closing.abort();
  });
  const target = { path: paths.configMaps(api.namespace), fieldSelector: `metadata.name=${runName(runId)}` };
  const onTrouble = (error: unknown): void => note(error instanceof Error ? error.message : String(error));
  let last: ClusterSummary | null = null;
  try {
    for await (const news of watch<ConfigMap>(api, target, {
      signal: closing.signal,
      clock: systemClock,
      onTrouble,
    })) {
      const object = news.type === 'list' ? news.items[0] : news.object;
      if (object === undefined || news.type === 'gone') {
        throw new KtError({
          code: 'RUN_DELETED',
          path: 'run',
          message: `Run "${runId}" was deleted from the cluster.`,
        });
      }
      const summary = summaryOf(object);
      if (summary === null || summary.updatedMs === 0) continue;
      heardMs = systemClock.nowMs();
      for (const event of eventsBetween(last, summary)) {
        sink.publish({
          ...event,
          atMs: event.type === 'RunStarted' ? summary.startedMs : summary.updatedMs,
          runId,
        });
      }
      const trouble = summary.problem ?? summary.trouble;
      if (trouble !== null && trouble !== (last?.problem ?? last?.trouble)) note(trouble);
      last = summary;
      if (isOver(summary)) break;
    }
  } finally {
    closing.abort();
    await watching;
  }
  if (failure !== undefined) throw failure.error;
  return last;
}

/** What happened between two summaries. */
export function eventsBetween(before: ClusterSummary | null, after: ClusterSummary): Bare<RunEvent>[] {
  const events: Bare<RunEvent>[] = [];
  if (before === null) {
    const jobs = Object.values(after.counts).reduce((sum, n) => sum + n, 0);
    events.push({ type: 'RunStarted', pipeline: after.pipeline, jobs, resumed: false });
  }
  const known = new Map(before?.jobs.map(job => [job.name, job]));
  for (const job of after.jobs) events.push(...changesOf(known.get(job.name), job));
  if (isOver(after))
    events.push({ type: 'RunFinished', status: after.status, durationMs: after.updatedMs - after.startedMs });
  return events;
}

function changesOf(before: JobProgress | undefined, after: JobProgress): Bare<RunEvent>[] {
  const { name: job, status, items, done, failed, retried, skipped, waiting, cause } = after;
  const events: Bare<RunEvent>[] = [];
  if (items !== null && (before?.items ?? null) === null)
    events.push({ type: 'JobExpanded', job, items, done: after.before, failed: 0 });
  if (
    ['done', 'failed', 'retried', 'skipped'].some(
      key => after[key as 'done'] !== (before?.[key as 'done'] ?? 0),
    )
  ) {
    events.push({ type: 'JobCounted', job, done, failed, retried, skipped });
  }
  if (waiting !== (before?.waiting ?? null)) events.push({ type: 'JobWaiting', job, message: waiting });
  if (status !== before?.status) {
    // A job that is first seen under way has changed before anyone looked.
    const from = before?.status ?? (status === 'Pending' ? null : 'Pending');
    events.push({
      type: 'JobStatusChanged',
      job,
      from,
      to: status,
      items,
      ...(cause === undefined ? {} : { cause }),
    });
  }
  return events;
}
