/**
 * Follows a run from outside its cluster: the summaries in its ConfigMap become events, as a run here has
 * them.
 */
import { KtError } from '@kube-transform/sdk';
import type { Clock, RunSummary } from '@kube-transform/runtime';
import { messageOf, eventsBetween, isOver, systemClock } from '@kube-transform/runtime/internal';
import { type ConfigMap, type KubeApi, paths, runName, watch } from '@kube-transform/runtime/kubernetes';
import type { RunWatcher } from '../backend.js';
import { watchController } from './controller-watch.js';
import { runOf } from './find-runs.js';

/** Who is told how a run stands, each time that it has moved. */
export interface SummaryWatcher {
  seen: (summary: RunSummary) => void;
  /** Told in words what keeps it, and why nothing is heard. */
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
  { sink, note, signal, clock = systemClock }: RunWatcher & { clock?: Clock },
): Promise<RunSummary | null> {
  return watchSummaries(api, runId, { seen: tellsEvents({ sink, note }), note, signal, clock });
}

/** What has happened since the summary before, as events; and in words what goes wrong since. */
export function tellsEvents({ sink, note }: Pick<RunWatcher, 'sink' | 'note'>): SummaryWatcher['seen'] {
  let last: RunSummary | null = null;
  return summary => {
    for (const event of eventsBetween(last, summary)) sink.publish(event);
    const trouble = summary.problem ?? summary.trouble;
    if (trouble !== null && trouble !== (last?.problem ?? last?.trouble)) note(trouble);
    last = summary;
  };
}

/** The summaries of a run, until it has ended, or the signal; rejects, and returns, as {@link followRun}. */
export async function watchSummaries(
  api: KubeApi,
  runId: string,
  { seen, note, signal, clock }: SummaryWatcher & { clock: Clock },
): Promise<RunSummary | null> {
  const closing = new AbortController();
  const close = (): void => closing.abort();
  signal.addEventListener('abort', close, { once: true });
  if (signal.aborted) close();
  let heardMs = 0;
  let failure: { error: unknown } | undefined;
  const watching = watchController(api, runId, {
    note,
    heardMs: () => heardMs,
    signal: closing.signal,
    clock,
  }).catch((error: unknown) => {
    failure = { error };
    closing.abort();
  });
  const target = { path: paths.configMaps(api.namespace), fieldSelector: `metadata.name=${runName(runId)}` };
  const onTrouble = (error: unknown): void => note(messageOf(error));
  let last: RunSummary | null = null;
  try {
    for await (const news of watch<ConfigMap>(api, target, {
      signal: closing.signal,
      clock,
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
      const summary = runOf(object)?.summary;
      if (summary === undefined || summary.updatedMs === null) continue;
      heardMs = clock.elapsedMs();
      seen(summary);
      last = summary;
      if (isOver(summary)) break;
    }
  } finally {
    signal.removeEventListener('abort', close);
    close();
    await watching;
  }
  if (failure !== undefined) throw failure.error;
  return last;
}
