/** The Jobs and the failed pods of a run in its cluster, as they change. */
import { omitUndefined } from '@kube-transform/sdk';
import type { Job, Pod } from '../api/objects.js';
import { paths } from '../api/paths.js';
import { watch } from '../api/watch.js';
import { selectRun } from '../manifests/names.js';
import type { KubernetesOptions } from './options.js';

/** As long as what may pass by itself is waited for. */
const DENIED_FOR_MS = 300_000;

/** How long pods are not asked for while no Job is seen. */
const WITHOUT_JOBS_MS = 1000;

/** Whom to tell. */
export interface RunWatcher {
  /** All Jobs that there are now. */
  jobsAre(jobs: readonly Job[]): void;
  jobIs(job: Job, isGone: boolean): void;
  /** A pod that failed; may be told again. */
  podFailed(pod: Pod): void;
  /** A watch ended with an error: nothing more is heard. */
  broke(error: unknown): void;
}

/**
 * Watches the Jobs and the failed pods of a run's steps until the signal.
 *
 * @returns `listed`: resolves when all Jobs were told once; `ended`: when nothing more is told. Neither
 * rejects.
 */
export function watchRun(
  { api, clock, frame, jobsSince, onTrouble, onPassed }: Omit<KubernetesOptions, 'store'>,
  signal: AbortSignal,
  watcher: RunWatcher,
): { listed: Promise<void>; ended: Promise<void> } {
  const { namespace } = frame.settings;
  const options = { clock, signal, deniedForMs: DENIED_FOR_MS, onTrouble, ...omitUndefined({ onPassed }) };
  const labelSelector = selectRun(frame.runId, 'task');
  let isListed = (): void => undefined;
  const listed = new Promise<void>(resolve => (isListed = resolve));
  const jobs = async (): Promise<void> => {
    const since = { ...options, notOlderThan: jobsSince };
    for await (const news of watch<Job>(api, { path: paths.jobs(namespace), labelSelector }, since)) {
      if (news.type === 'list') watcher.jobsAre(news.items);
      else watcher.jobIs(news.object, news.type === 'gone');
      if (news.type !== 'list' || news.items.length > 0) hasJobs();
      isListed();
    }
  };
  let hasJobs = (): void => undefined;
  const begun = new Promise<void>(resolve => (hasJobs = resolve));
  const pods = async (): Promise<void> => {
    // A connection of its own takes longer than the first Job does: where there is none, no pod has failed.
    await listed;
    await Promise.race([begun, clock.sleep(WITHOUT_JOBS_MS, signal).catch(() => undefined)]);
    const failed = { path: paths.pods(namespace), labelSelector, fieldSelector: 'status.phase=Failed' };
    for await (const news of watch<Pod>(api, failed, options)) {
      if (news.type === 'list') for (const pod of news.items) watcher.podFailed(pod);
      else if (news.type === 'put') watcher.podFailed(news.object);
    }
  };
  const broke = (error: unknown): void => watcher.broke(error);
  // Whoever waits for the list does not wait for one that does not come.
  const parts = [jobs().catch(broke).finally(isListed), pods().catch(broke)];
  return { listed, ended: Promise.all(parts).then(() => undefined) };
}
